import { angleBetween } from "../domain/angle.ts";
import type { TimeRange } from "../domain/time-range.ts";

/**
 * What is put where samples are missing. `null`: that there is none; `locf`: the value before (last observation carried
 * forward); `linear`: a value on the line between the values before and after, of angles the short way round.
 */
export const FILLS = ["none", "null", "locf", "linear"] as const;
export type Fill = (typeof FILLS)[number];

/** Columns of equal length; `min`, `max` and `count` are there together or not at all. */
export interface FillableSeries {
  /** epoch milliseconds UTC, ascending */
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly min?: Float64Array;
  readonly max?: Float64Array;
  readonly count?: Int32Array;
}

/** NaN in `values`, `min` or `max` says that there is none; `count` is 0 where a value was filled in. */
export interface FilledSeries extends FillableSeries {
  /** 1: no sample is behind this value */
  readonly filled: Uint8Array;
}

/**
 * Fills the buckets without samples between the first and the last one that have any.
 * @param bounds as `bucketBounds` gives them; each time of the series is one of them
 * @param until epoch ms: a bucket that ends later is left out, for its samples may be yet to come
 * @param turn full turn of the values' unit, where they are angles
 */
export function fillBuckets(
  series: FillableSeries,
  bounds: Float64Array,
  fill: Exclude<Fill, "none">,
  until: number,
  turn: number | null = null,
): FilledSeries {
  const { times, values } = series;
  const empty: { time: number; value: number; at: number }[] = [];
  let bucket = bounds.indexOf(times[0] ?? Number.NaN);
  for (let i = 0; i + 1 < times.length; i++) {
    for (bucket++; bounds[bucket]! < times[i + 1]!; bucket++) {
      if (bounds[bucket + 1]! > until) continue;
      const time = bounds[bucket]!;
      const share = (time - times[i]!) / (times[i + 1]! - times[i]!);
      empty.push({ time, value: filling(fill, values[i]!, values[i + 1]!, share, turn), at: i + 1 });
    }
  }
  return withFilled(series, empty);
}

function filling(
  fill: Exclude<Fill, "none">,
  before: number,
  after: number,
  share: number,
  turn: number | null,
): number {
  switch (fill) {
    case "null":
      return Number.NaN;
    case "locf":
      return before;
    case "linear":
      if (turn !== null) return angleBetween(before, after, share, turn);
      // Cut to the two values, between which it lies however it is rounded. Their difference might overflow.
      return Math.min(Math.max(before, after), Math.max(Math.min(before, after), before * (1 - share) + after * share));
    default:
      throw new Error(`no such fill: ${String(fill satisfies never)}`);
  }
}

/**
 * Puts a value that is none into the middle of each gap between samples, so that a line of them breaks there.
 * @param gaps between two neighbours of the series, ascending
 */
export function breakAtGaps(series: FillableSeries, gaps: readonly TimeRange[]): FilledSeries {
  const empty: { time: number; value: number; at: number }[] = [];
  let at = 0;
  for (const { start, end } of gaps) {
    while (at < series.times.length && series.times[at]! < end) at++;
    // A gap one of whose ends was thinned out is no place between neighbours any more.
    if (series.times[at] !== end || series.times[at - 1] !== start) continue;
    empty.push({ time: Math.floor((start + end) / 2), value: Number.NaN, at });
  }
  return withFilled(series, empty);
}

/** The stretches between neighbouring times that are longer than `gapMs`; none, where it is null. */
export function gapsOf(times: Float64Array, gapMs: number | null): TimeRange[] {
  const gaps: TimeRange[] = [];
  if (gapMs === null) return gaps;
  for (let i = 1; i < times.length; i++) {
    if (times[i]! - times[i - 1]! > gapMs) gaps.push({ start: times[i - 1]!, end: times[i]! });
  }
  return gaps;
}

/** @param empty values to put in before the place `at`, ascending */
function withFilled(
  series: FillableSeries,
  empty: readonly { readonly time: number; readonly value: number; readonly at: number }[],
): FilledSeries {
  const { length } = series.times;
  const size = length + empty.length;
  const filled = new Uint8Array(size);
  // For each place of the answer, the one it comes from in the series; where it is filled, -1 - the one in `empty`.
  const from = new Int32Array(size);
  let n = 0;
  let i = 0;
  for (const [e, { at }] of empty.entries()) {
    for (; i < at; i++) from[n++] = i;
    filled[n] = 1;
    from[n++] = -1 - e;
  }
  for (; i < length; i++) from[n++] = i;
  const spread = (column: Float64Array, other: (e: number) => number) =>
    Float64Array.from(from, (place) => (place < 0 ? other(-1 - place) : column[place]!));
  const none = () => Number.NaN;
  return {
    times: spread(series.times, (e) => empty[e]!.time),
    values: spread(series.values, (e) => empty[e]!.value),
    ...(series.min === undefined ? {} : { min: spread(series.min, none) }),
    ...(series.max === undefined ? {} : { max: spread(series.max, none) }),
    ...(series.count === undefined
      ? {}
      : { count: Int32Array.from(from, (place) => (place < 0 ? 0 : series.count![place]!)) }),
    filled,
  };
}
