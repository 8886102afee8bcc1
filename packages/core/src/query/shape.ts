import { turnOf } from "../domain/angle.ts";
import { Problem } from "../domain/problem.ts";
import { downsample } from "./downsample.ts";
import type { QueriedSeries } from "./execute.ts";
import { breakAtGaps, type Fill, type FillableSeries, fillBuckets, type FilledSeries, longSteps } from "./fill.ts";
import { MAX_VALUES } from "../read/limits.ts";
import type { PlannedPoint } from "./plan-input.ts";
import { conversionTo, type UnitSystem } from "./units.ts";

/** How the series of an answer are shaped. */
export interface Shape {
  /** raw series with more samples are thinned to this many; null: no thinning */
  readonly thinTo: number | null;
  /** `locf` and `linear` are for buckets */
  readonly fill: Fill;
  readonly units: UnitSystem;
}

/** Bounds and known time of an answer's series. */
export interface ShapedAnswer {
  /** bounds of the buckets, of `bucketBounds`; null: raw */
  readonly bounds: Float64Array | null;
  /** epoch ms: later samples may still arrive; Infinity: the whole range is known */
  readonly until: number;
}

/** One point's answer in its final form. Columns of equal length. */
export interface ShapedSeries extends FillableSeries {
  readonly point: PlannedPoint;
  /** symbol of the values' unit; null: unknown */
  readonly unit: string | null;
  /** 1: filled, without a sample; only if filling was requested */
  readonly filled?: Uint8Array;
  /** further columns in the order of the answer; all series of an answer have the same names */
  readonly more?: readonly SeriesColumn[];
  /** facts of the whole series, such as its quantity and its total */
  readonly facts?: Readonly<Record<string, string | number | null>>;
}

/** A column of another aggregate, or of facts of each bucket such as flags. NaN stands for no value. */
export interface SeriesColumn {
  readonly name: string;
  readonly values: Float64Array | Int32Array | readonly string[];
}

/** Sizes before and after thinning, over all series. */
export interface Downsampled {
  readonly method: "minmax-lttb";
  readonly from: number;
  readonly to: number;
}

/**
 * Thins, fills and converts the series of an answer.
 * @throws {Problem} `too_much_data` if filling makes it too large
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
  const shaped = series.map((unshaped): ShapedSeries => {
    const gapMs = unshaped.point.expectation?.toleranceMs ?? null;
    // All series of an answer have the same columns, so unthinned ones get counts too.
    const thinned = isThinned ? downsample(unshaped, thinTo, gapMs) : unshaped;
    from += unshaped.times.length;
    to += thinned.times.length;
    const filled = filling === null ? thinned : filling(thinned, unshaped.times, gapMs, turnOf(unshaped.point.unit));
    size += filled.times.length;
    if (size > MAX_VALUES) {
      const detail = `After filling, the answer has more than ${MAX_VALUES} values: ask for fill=none or a coarser interval.`;
      throw new Problem("too_much_data", detail, "fill");
    }
    return converted(unshaped.point, filled, shape.units);
  });
  return { series: shaped, downsampled: isThinned ? { method: "minmax-lttb", from, to } : null };
}

type Filling = (
  series: FillableSeries,
  allTimes: Float64Array,
  gapMs: number | null,
  turn: number | null,
) => FilledSeries;

/** How each series is filled; null: not at all. `allTimes` are the times before thinning, which show the gaps. */
function fillingOf({ bounds, until }: ShapedAnswer, fill: Fill): Filling | null {
  if (fill === "none") return null;
  if (bounds === null) return (series, allTimes, gapMs) => breakAtGaps(series, longSteps(allTimes, gapMs));
  return (series, _times, _gapMs, turn) => fillBuckets(series, bounds, fill, until, turn);
}

/** Converts a series. It stays unchanged without a conversion, or if a value would overflow. */
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
