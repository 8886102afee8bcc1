import { turnOf } from "../domain/angle.ts";
import { Problem } from "../domain/problem.ts";
import { downsample } from "./downsample.ts";
import type { QueriedSeries } from "./execute.ts";
import { breakAtGaps, type Fill, type FillableSeries, fillBuckets, type FilledSeries, gapsOf } from "./fill.ts";
import { MAX_VALUES } from "../read/limits.ts";
import type { PlannedPoint } from "./plan-input.ts";
import { conversionTo, type UnitSystem } from "./units.ts";

/** How the series of an answer are to look. */
export interface Shape {
  /** raw series of more samples are thinned to so many; null: none is */
  readonly thinTo: number | null;
  /** `locf` and `linear` are for buckets */
  readonly fill: Fill;
  readonly units: UnitSystem;
}

/** What the series of an answer are of. */
export interface ShapedAnswer {
  /** of the buckets, as `bucketBounds` gives them; null: raw */
  readonly bounds: Float64Array | null;
  /** epoch ms: what lies after it may be yet to come; Infinity: the whole range is known */
  readonly until: number;
}

/** One point's answer as it is sent. Columns of equal length. */
export interface ShapedSeries extends FillableSeries {
  readonly point: PlannedPoint;
  /** symbol of the unit that the values are in; null: it is not known */
  readonly unit: string | null;
  /** 1: no sample is behind this value; where filling was asked for */
  readonly filled?: Uint8Array;
}

/** That raw series were thinned: from how many samples to how many, of all series. */
export interface Downsampled {
  readonly method: "minmax-lttb";
  readonly from: number;
  readonly to: number;
}

/**
 * Thins, fills and converts the series of an answer.
 * @throws {Problem} `too_much_data` where filling would make it too large
 */
export function shapeSeries(
  series: readonly QueriedSeries[],
  answer: ShapedAnswer,
  shape: Shape,
): { readonly series: ShapedSeries[]; readonly downsampled: Downsampled | null } {
  const { thinTo } = shape;
  const isThinned = answer.bounds === null && thinTo !== null && series.some(({ times }) => times.length > thinTo);
  const filling = fillingOf(answer, shape.fill);
  let [from, to, size] = [0, 0, 0];
  const shaped = series.map((one): ShapedSeries => {
    const gapMs = one.point.expectation?.toleranceMs ?? null;
    // All series of an answer have the same columns, so those that are short enough are counted too.
    const thinned = isThinned ? downsample(one, thinTo, gapMs) : one;
    from += one.times.length;
    to += thinned.times.length;
    const filled = filling === null ? thinned : filling(thinned, one.times, gapMs, turnOf(one.point.unit));
    size += filled.times.length;
    if (size > MAX_VALUES) {
      const detail = `Filled, the answer has more than ${MAX_VALUES} values: ask for fill=none or a coarser interval.`;
      throw new Problem("too_much_data", detail, "fill");
    }
    return converted(one.point, filled, shape.units);
  });
  return { series: shaped, downsampled: isThinned ? { method: "minmax-lttb", from, to } : null };
}

type Filling = (
  series: FillableSeries,
  allTimes: Float64Array,
  gapMs: number | null,
  turn: number | null,
) => FilledSeries;

/** How each series is filled; null: none is. `allTimes` are those before thinning, which show where gaps are. */
function fillingOf({ bounds, until }: ShapedAnswer, fill: Fill): Filling | null {
  if (fill === "none") return null;
  if (bounds === null) return (series, allTimes, gapMs) => breakAtGaps(series, gapsOf(allTimes, gapMs));
  return (series, _times, _gapMs, turn) => fillBuckets(series, bounds, fill, until, turn);
}

/** A series in another unit; as it is where there is none to convert to, or where a value of it would overflow. */
function converted(point: PlannedPoint, series: FillableSeries, units: UnitSystem): ShapedSeries {
  const conversion = conversionTo(units, point.unit);
  const columns = [
    series.values,
    ...(series.min === undefined ? [] : [series.min]),
    ...(series.max === undefined ? [] : [series.max]),
  ];
  if (conversion === null) return { ...series, point, unit: point.unit };
  const { unit, convert } = conversion;
  if (columns.some((column) => column.some((value) => Math.abs(convert(value)) === Number.POSITIVE_INFINITY))) {
    return { ...series, point, unit: point.unit };
  }
  return {
    ...series,
    values: series.values.map(convert),
    ...(series.min === undefined ? {} : { min: series.min.map(convert) }),
    ...(series.max === undefined ? {} : { max: series.max.map(convert) }),
    point,
    unit,
  };
}
