import { angleBetween } from "../domain/angle.ts";
import type { TimeRange } from "../domain/time-range.ts";

/**
 * How empty buckets are filled:
 * - `null`: without a value
 * - `locf`: the previous sample (last observation carried forward)
 * - `linear`: interpolated between the neighbours, for angles along the shorter arc
 */
export const FILLS = ["none", "null", "locf", "linear"] as const;
export type Fill = (typeof FILLS)[number];

/** Columns of equal length; `min`, `max` and `count` exist together or not at all. */
export interface FillableSeries {
  /** epoch milliseconds UTC, ascending */
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly min?: Float64Array;
  readonly max?: Float64Array;
  readonly count?: Int32Array;
}

/** The values that `locf` carries forward. */
export interface Carried {
  /** the last sample of each bucket; absent: the buckets' values are used */
  readonly last?: Float64Array;
  /** the last sample before the range; absent: unknown */
  readonly before?: number;
}

/** NaN in `values`, `min` or `max` means no value. `count` is 0 for a filled bucket. */
export interface FilledSeries extends FillableSeries {
  /** 1: filled, without a sample */
  readonly filled: Uint8Array;
}

/**
 * Fills the buckets without samples. `null` and `linear` fill between the first and the last bucket with samples.
 * `locf` fills from the sample before the range to `until`.
 * @param bounds of `bucketBounds`; each time of the series is one of them
 * @param until epoch ms; later-ending buckets are left out, because their samples may still arrive
 * @param turn full turn of the values' unit, for angles
 */
export function fillBuckets(
  series: FillableSeries & Carried,
  bounds: Float64Array,
  fill: Exclude<Fill, "none">,
  until: number,
  turn: number | null = null,
): FilledSeries {
  const { times } = series;
  const empty: { time: number; value: number; at: number }[] = [];
  let bucket = 0;
  for (let at = 0; at <= times.length; at++, bucket++) {
    const next = times[at] ?? bounds.at(-1)!;
    for (; bounds[bucket]! < next; bucket++) {
      const time = bounds[bucket]!;
      const value = bounds[bucket + 1]! > until ? undefined : filling(fill, series, at, time, turn);
      if (value !== undefined) empty.push({ time, value, at });
    }
  }
  return withFilled(series, empty);
}

/** @param at index of the next value in the series @returns undefined: nothing is filled here */
function filling(
  fill: Exclude<Fill, "none">,
  { times, values, last = values, before }: FillableSeries & Carried,
  at: number,
  time: number,
  turn: number | null,
): number | undefined {
  const isBetween = at > 0 && at < times.length;
  switch (fill) {
    case "null":
      return isBetween ? Number.NaN : undefined;
    case "locf":
      return at > 0 ? last[at - 1]! : before;
    case "linear": {
      if (!isBetween) return undefined;
      const [from, to] = [values[at - 1]!, values[at]!];
      const share = (time - times[at - 1]!) / (times[at]! - times[at - 1]!);
      if (turn !== null) return angleBetween(from, to, share, turn);
      // Limited to the range of the two values, despite rounding. Their difference might overflow.
      return Math.min(Math.max(from, to), Math.max(Math.min(from, to), from * (1 - share) + to * share));
    }
    default:
      throw new Error(`unknown fill: ${String(fill satisfies never)}`);
  }
}

/**
 * Inserts a row without a value into each gap between samples, so that a line breaks there.
 * @param gaps between two neighbours of the series, ascending
 */
export function breakAtGaps(series: FillableSeries, gaps: readonly TimeRange[]): FilledSeries {
  const empty: { time: number; value: number; at: number }[] = [];
  let at = 0;
  for (const { start, end } of gaps) {
    while (at < series.times.length && series.times[at]! < end) at++;
    // If one end of a gap was thinned out, the gap is no longer between neighbours.
    if (series.times[at] !== end || series.times[at - 1] !== start) continue;
    empty.push({ time: Math.floor((start + end) / 2), value: Number.NaN, at });
  }
  return withFilled(series, empty);
}

/** Ranges between neighbouring times that are longer than `gapMs`; empty if it is null. */
export function longSteps(times: Float64Array, gapMs: number | null): TimeRange[] {
  const gaps: TimeRange[] = [];
  if (gapMs === null) return gaps;
  for (let i = 1; i < times.length; i++) {
    if (times[i]! - times[i - 1]! > gapMs) gaps.push({ start: times[i - 1]!, end: times[i]! });
  }
  return gaps;
}

/** @param empty values to insert before index `at`, ascending */
function withFilled(
  series: FillableSeries,
  empty: readonly { readonly time: number; readonly value: number; readonly at: number }[],
): FilledSeries {
  const { length } = series.times;
  const size = length + empty.length;
  const filled = new Uint8Array(size);
  // For each row of the answer, its index in the series; for a filled row, -1 minus its index in `empty`.
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
