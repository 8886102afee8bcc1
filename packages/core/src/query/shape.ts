import { type Agg, conversionOf, unitOf } from "../analysis/agg.ts";
import { turnOf } from "../domain/angle.ts";
import { Problem } from "../domain/problem.ts";
import { downsample } from "./downsample.ts";
import type { QueriedSeries } from "./execute.ts";
import { breakAtGaps, type Fill, type FillableSeries, fillBuckets, type FilledSeries, longSteps } from "./fill.ts";
import { MAX_VALUES } from "../read/limits.ts";
import type { PlannedPoint } from "./plan-input.ts";
import type { SeriesColumn, SeriesFacts } from "./series-column.ts";
import { type Conversion, conversionTo, type UnitSystem } from "./units.ts";

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
  readonly facts?: SeriesFacts;
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
  return { series: sameColumns(shaped), downsampled: isThinned ? { method: "minmax-lttb", from, to } : null };
}

/** Gives each series the further columns of all, those that it lacks without values. */
function sameColumns(series: ShapedSeries[]): ShapedSeries[] {
  const names = new Map(series.flatMap(({ more = [] }) => more.map((column) => [column.name, column] as const)));
  if (names.size === 0) return series;
  return series.map(({ more = [], ...rest }) => {
    const size = rest.times.length;
    const empty = ({ name, values }: SeriesColumn): SeriesColumn => ({
      name,
      values: Array.isArray(values) ? Array.from({ length: size }, () => "") : new Float64Array(size).fill(Number.NaN),
    });
    const own = new Map(more.map((column) => [column.name, column]));
    return { ...rest, more: [...names].map(([name, column]) => own.get(name) ?? empty(column)) };
  });
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

/** Further columns and facts of a series. */
interface Aggregated {
  readonly more?: readonly SeriesColumn[];
  readonly facts?: SeriesFacts;
}

/** Facts that are converted as differences. */
const TOTALS: ReadonlySet<string> = new Set(["total", "total_low", "total_high"]);

/** Converts the values, further columns and totals of an aggregated series, the differences among them without offset. */
function convertedAggregates<S extends FillableSeries & Aggregated>(
  series: S,
  agg: Agg,
  convert: Conversion["convert"],
): S {
  const difference = (value: number) => convert(value) - convert(0);
  const of = (kind: SeriesColumn["converts"]) => (kind === "value" ? convert : difference);
  const kind = conversionOf(agg);
  return {
    ...series,
    values: kind === undefined ? series.values : series.values.map(of(kind)),
    more: series.more?.map((column) =>
      column.converts !== undefined && column.values instanceof Float64Array
        ? { ...column, values: column.values.map(of(column.converts)) }
        : column,
    ),
    facts: Object.fromEntries(
      Object.entries(series.facts ?? {}).map(([name, fact]) => {
        return [name, TOTALS.has(name) && typeof fact === "number" ? difference(fact) : fact];
      }),
    ),
  };
}

/** Converts a series. It stays unchanged without a conversion, or if a value would overflow. */
function converted(point: PlannedPoint, series: FillableSeries & Aggregated, units: UnitSystem): ShapedSeries {
  const conversion = conversionTo(units, point.unit);
  const agg = point.aggregation?.aggs[0];
  if (agg !== undefined) {
    // An integral over an offset, as of °C, would need the time that it covers.
    const hasOffset = conversion !== null && conversion.convert(0) !== 0;
    const isKept = conversion === null || (hasOffset && point.aggregation?.aggs.includes("integral") === true);
    if (isKept) return { ...series, point, unit: unitOf(agg, point.unit) };
    return { ...convertedAggregates(series, agg, conversion.convert), point, unit: unitOf(agg, conversion.unit) };
  }
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
