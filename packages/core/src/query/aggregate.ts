import { type Agg, type Aggregation, conversionOf, HELD } from "../analysis/agg.ts";
import { heldOf } from "../analysis/held.ts";
import { peakOf } from "../analysis/peak.ts";
import { percentile } from "../analysis/percentile.ts";
import type { Quantity } from "../domain/quantity.ts";
import { type Register, readingsOfSamples, registerOf } from "../analysis/register.ts";
import { type Use, useOf, type UseOptions } from "../analysis/use.ts";
import { HOUR_MS } from "../domain/hour.ts";
import type { Series } from "../domain/samples.ts";
import type { TimeRange } from "../domain/time-range.ts";
import type { BucketedSeries } from "./buckets.ts";
import type { SeriesColumn, SeriesFacts } from "./series-column.ts";

/** What an aggregation is computed from. */
export interface Aggregated {
  /** the buckets with samples */
  readonly buckets: BucketedSeries;
  /** of the use; null: no aggregate asks for it */
  readonly register: Register | null;
  /** the samples of the range and those before it; null: hourly aggregates suffice */
  readonly samples: Series | null;
}

export interface AggregatedRange {
  /** of the buckets; the range cuts the first and last one */
  readonly bounds: Float64Array;
  readonly range: TimeRange;
  /** the longest time between two samples that is not a gap; null: unknown */
  readonly toleranceMs: number | null;
  /** later samples may still arrive, epoch ms */
  readonly until: number;
}

/** The columns of every bucket of the range. NaN stands for no value. */
export interface AggregatedSeries {
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly more: readonly SeriesColumn[];
  readonly facts: SeriesFacts;
}

/** The registers of samples that hold readings of a meter. */
export function registerOfSamples(samples: Series, quantity: Quantity): Register {
  return registerOf(readingsOfSamples(samples), quantity !== "counter");
}

/** Whether an aggregation asks for the use of a register. */
export function isUse({ aggs }: Aggregation): boolean {
  return aggs.includes("delta") || aggs.includes("rate");
}

/** Aggregates a point's buckets. The first aggregate is `values`; each further one is a column of its name. */
export function aggregatePoint(
  { aggs, quantity, edges, on, peakWindowMs }: Aggregation,
  { buckets, register, samples }: Aggregated,
  { bounds, range, toleranceMs, until }: AggregatedRange,
): AggregatedSeries {
  const count = new Int32Array(bounds.length - 1);
  const places = placesOf(buckets, bounds);
  for (const [i, place] of places.entries()) count[place] = buckets.count[i]!;
  const isNet = quantity !== "counter";
  const use = register && useOf(register, bounds, range, toleranceMs, { edges, isNet, until });
  const isOn = on === null ? (value: number) => value !== 0 : (value: number) => on.includes(value);
  const isHeld = aggs.some((agg) => HELD.has(agg));
  const held = samples !== null && isHeld ? heldOf(samples, bounds, range, toleranceMs, isOn, until) : null;
  const spread = (column: Float64Array) => {
    const all = new Float64Array(bounds.length - 1).fill(Number.NaN);
    for (const [i, place] of places.entries()) all[place] = column[i]!;
    return all;
  };
  const ofBuckets = (compute: (own: Series, part: TimeRange) => number) => {
    if (samples === null) throw new Error("the samples of the buckets are needed");
    return eachBucket(samples, bounds, range, compute);
  };
  const valuesOf = (agg: Agg): Float64Array => {
    switch (agg) {
      case "avg":
        return spread(buckets.values);
      case "min":
        return spread(buckets.min);
      case "max":
        return spread(buckets.max);
      case "count":
        return Float64Array.from(count);
      case "sum":
        return spread(buckets.values.map((mean, i) => mean * buckets.count[i]!));
      case "first":
        return ofBuckets(({ values }) => values[0]!);
      case "last":
        return ofBuckets(({ values }) => values.at(-1)!);
      case "p05":
      case "p50":
      case "p95":
        return ofBuckets(({ values }) => percentile(values.toSorted(), Number(agg.slice(1)) / 100));
      case "peak":
        return ofBuckets((own, part) => peakOf(own, peakWindowMs, part)?.value ?? Number.NaN);
      case "delta":
        return use!.delta;
      case "rate":
        return rateOf(use!.delta, bounds, range);
      case "twa":
        return held!.twa;
      case "integral":
        return held!.integral;
      case "duration_on":
        return held!.durationOn;
      default:
        throw new Error(`no such aggregate: ${String(agg satisfies never)}`);
    }
  };
  const column = (agg: Agg) => finite(valuesOf(agg));
  const [first, ...others] = aggs;
  if (first === undefined) throw new Error("no aggregate was asked for");
  const about: SeriesColumn[] = [
    ...(use === null
      ? []
      : [
          { name: "low", values: finite(use.low), converts: "difference" as const },
          { name: "high", values: finite(use.high), converts: "difference" as const },
        ]),
    ...(aggs.includes("peak")
      ? [{ name: "at", values: ofBuckets((own, part) => peakOf(own, peakWindowMs, part)?.at ?? NaN) }]
      : []),
    ...(held === null ? [] : [{ name: "coverage", values: held.coverage }]),
    ...(use === null ? [] : [{ name: "flags", values: use.flags }]),
  ];
  return {
    times: bounds.slice(0, -1),
    values: column(first),
    more: [
      ...others.filter((agg) => agg !== "count").map((agg) => furtherColumn(agg, column(agg))),
      { name: "count", values: count },
      ...about,
    ],
    facts: {
      agg: first,
      quantity,
      ...(register === null ? {} : totalsOf(register, range, toleranceMs, { edges, isNet, until })),
    },
  };
}

/** Sums and differences of finite doubles may overflow: such a figure is no number. */
function finite(column: Float64Array): Float64Array {
  return column.map((value) => (Number.isFinite(value) ? value : Number.NaN));
}

function furtherColumn(agg: Agg, values: Float64Array): SeriesColumn {
  const converts = conversionOf(agg);
  return converts === undefined ? { name: agg, values } : { name: agg, values, converts };
}

/** The bucket of each row of a series. */
function placesOf({ times }: BucketedSeries, bounds: Float64Array): Int32Array {
  let place = 0;
  return Int32Array.from(times, (time) => {
    while (bounds[place]! < time) place++;
    return place;
  });
}

function eachBucket(
  { times, values }: Series,
  bounds: Float64Array,
  { start, end }: TimeRange,
  compute: (own: Series, part: TimeRange) => number,
): Float64Array {
  let at = 0;
  while (at < times.length && times[at]! < start) at++;
  return Float64Array.from({ length: bounds.length - 1 }, (_, bucket) => {
    const from = at;
    const part = { start: Math.max(start, bounds[bucket]!), end: Math.min(end, bounds[bucket + 1]!) };
    while (at < times.length && times[at]! < part.end) at++;
    const own = { times: times.subarray(from, at), values: values.subarray(from, at) };
    return at === from ? Number.NaN : compute(own, part);
  });
}

/** The use an hour, over the part of each bucket that lies in the range. */
function rateOf(delta: Float64Array, bounds: Float64Array, { start, end }: TimeRange): Float64Array {
  return delta.map((used, i) => {
    return (used * HOUR_MS) / (Math.min(end, bounds[i + 1]!) - Math.max(start, bounds[i]!));
  });
}

/** The use of the whole range, which is exact even if some buckets are not known. */
function totalsOf(
  register: Register,
  range: TimeRange,
  toleranceMs: number | null,
  options: UseOptions,
): Readonly<Record<string, number | null>> {
  const whole: Use = useOf(register, Float64Array.of(range.start, range.end), range, toleranceMs, options);
  const known = (column: Float64Array) => (Number.isFinite(column[0]!) ? column[0]! : null);
  return { total: known(whole.delta), total_low: known(whole.low), total_high: known(whole.high) };
}

/** The samples of a range. */
export function within({ times, values }: Series, { start, end }: TimeRange): Series {
  let [from, to] = [0, times.length];
  while (from < to && times[from]! < start) from++;
  while (to > from && times[to - 1]! >= end) to--;
  return { times: times.subarray(from, to), values: values.subarray(from, to) };
}
