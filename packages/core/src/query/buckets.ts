import { Temporal } from "temporal-polyfill";
import { HOUR_MS } from "../domain/hour.ts";
import { circularMean } from "../domain/angle.ts";
import { BUCKET_MS, type Interval } from "../domain/interval.ts";
import type { Series } from "../domain/samples.ts";
import type { TimeRange } from "../domain/time-range.ts";

export type BucketInterval = Exclude<Interval, "raw">;

/** A range in which a zone keeps one offset from UTC. */
export interface OffsetSegment {
  readonly start: number;
  /** exclusive */
  readonly end: number;
  /** milliseconds to add to UTC */
  readonly offset: number;
}

/** The zone's offsets over a range, ascending, without a hole. The first segment may begin before the range. */
export function offsetSegments(range: TimeRange, timeZone: string): OffsetSegment[] {
  const segments: OffsetSegment[] = [];
  let at = Temporal.Instant.fromEpochMilliseconds(range.start).toZonedDateTimeISO(timeZone);
  let start = at.getTimeZoneTransition("previous")?.epochMilliseconds ?? Number.NEGATIVE_INFINITY;
  // Temporal's previous transition excludes one exactly at range.start.
  const here = at.subtract({ milliseconds: 1 }).offsetNanoseconds !== at.offsetNanoseconds;
  if (here) start = range.start;
  for (;;) {
    const next = at.getTimeZoneTransition("next");
    const end = next?.epochMilliseconds ?? Number.POSITIVE_INFINITY;
    segments.push({ start, end, offset: at.offsetNanoseconds / 1e6 });
    if (next === null || end >= range.end) return segments;
    at = next;
    start = end;
  }
}

/**
 * The starts of the buckets that a range touches, ascending, epoch ms, and the end of the last one: bucket i is
 * [bounds[i], bounds[i + 1]).
 * Buckets of 30min and longer follow the zone's clock. Where the clock changes, a day has 23 or 25 hours, and an hour
 * may be shorter. A week begins on Monday.
 */
export function bucketBounds(range: TimeRange, interval: BucketInterval, timeZone: string): Float64Array {
  switch (interval) {
    case "1min":
    case "5min":
    case "15min":
      // Every current zone is a multiple of 15 minutes from UTC, so these buckets are the same in all of them.
      return fixedBounds(range, BUCKET_MS[interval]);
    case "30min":
    case "1hr":
      return clockBounds(range, BUCKET_MS[interval], timeZone);
    case "1day":
      return dayBounds(range, timeZone);
    case "1week":
    case "1month":
      return calendarBounds(range, interval, timeZone);
    default:
      throw new Error(`unknown interval: ${String(interval satisfies never)}`);
  }
}

function fixedBounds(range: TimeRange, length: number): Float64Array {
  const first = Math.floor(range.start / length) * length;
  const count = Math.ceil((range.end - first) / length);
  const bounds = new Float64Array(count + 1);
  for (let i = 0; i <= count; i++) bounds[i] = first + i * length;
  return bounds;
}

/** Buckets of half an hour or an hour of the zone's clock. */
function clockBounds(range: TimeRange, length: number, timeZone: string): Float64Array {
  const bounds: number[] = [];
  const segments = offsetSegments(range, timeZone);
  for (const segment of segments) {
    const from = Math.max(segment.start, range.start);
    const first = Math.floor((from + segment.offset) / length) * length - segment.offset;
    for (let start = Math.max(first, segment.start); start < Math.min(segment.end, range.end);) {
      bounds.push(start);
      start = Math.floor((start + segment.offset) / length) * length - segment.offset + length;
    }
  }
  // The last bucket ends at its full length, or where the clock changes before that.
  const last = bounds.at(-1)!;
  const { end, offset } = segments.at(-1)!;
  bounds.push(Math.min(end, Math.floor((last + offset) / length) * length - offset + length));
  return Float64Array.from(bounds);
}

function dayBounds(range: TimeRange, timeZone: string): Float64Array {
  const bounds: number[] = [];
  let day = Temporal.Instant.fromEpochMilliseconds(range.start)
    .toZonedDateTimeISO(timeZone)
    .startOfDay().epochMilliseconds;
  const segments = offsetSegments({ start: day, end: range.end }, timeZone);
  let at = 0;
  while (day < range.end) {
    while (at < segments.length - 1 && segments[at]!.end <= day) at++;
    const next = nextDay(day, segments[at]!, timeZone);
    // Where a clock goes back over midnight, the repeated evening belongs to the next day, which has already begun.
    if (next > range.start) bounds.push(day);
    day = next;
  }
  bounds.push(day);
  return Float64Array.from(bounds);
}

/** Weeks and months. A zone has at most some hundred of them in a range, so the calendar computes each. */
function calendarBounds(range: TimeRange, interval: "1week" | "1month", timeZone: string): Float64Array {
  const today = Temporal.Instant.fromEpochMilliseconds(range.start).toZonedDateTimeISO(timeZone).toPlainDate();
  let date = interval === "1week" ? today.subtract({ days: today.dayOfWeek - 1 }) : today.with({ day: 1 });
  const startOf = (plain: Temporal.PlainDate) => plain.toZonedDateTime(timeZone).epochMilliseconds;
  const bounds = [startOf(date)];
  while (bounds.at(-1)! < range.end) {
    date = date.add(interval === "1week" ? { weeks: 1 } : { months: 1 });
    const next = startOf(date);
    // As for days, a repeated evening belongs to the next one.
    if (next <= range.start) bounds.pop();
    bounds.push(next);
  }
  return Float64Array.from(bounds);
}

/** The start of the day after. @param day the start of a day @param segment that holds it */
function nextDay(day: number, { end, offset }: OffsetSegment, timeZone: string): number {
  const length = BUCKET_MS["1day"];
  if ((day + offset) % length === 0 && day + length < end) return day + length;
  // Goes through the calendar date, which takes a thousand times as long: a day may not have 24 hours, or not begin at
  // midnight.
  const zoned = Temporal.Instant.fromEpochMilliseconds(day).toZonedDateTimeISO(timeZone);
  return zoned.toPlainDate().add({ days: 1 }).toZonedDateTime(timeZone).epochMilliseconds;
}

/** Margin around a range, larger than a day with a clock change, which has up to 26 hours. */
const LONGEST_BUCKET_MS = 2 * BUCKET_MS["1day"];

/**
 * Whether the zone is whole hours from UTC in and around a range. Its hours and days there consist of whole UTC hours.
 */
export function isMadeOfHours({ start, end }: TimeRange, timeZone: string): boolean {
  const segments = offsetSegments({ start: start - LONGEST_BUCKET_MS, end: end + LONGEST_BUCKET_MS }, timeZone);
  return segments.every((segment, i) => segment.offset % HOUR_MS === 0 && (i === 0 || segment.start % HOUR_MS === 0));
}

/** A series' samples by bucket, without empty buckets. Columns of equal length. */
export interface BucketedSeries {
  /** start of the bucket, epoch milliseconds UTC */
  readonly times: Float64Array;
  /** mean of the samples; NaN: angles that cancel out */
  readonly values: Float64Array;
  readonly min: Float64Array;
  readonly max: Float64Array;
  /** number of samples */
  readonly count: Int32Array;
}

/** A power of two, so that scaling is exact, and small enough that no scaled sum of doubles overflows. */
export const SCALE = 2 ** -64;

/**
 * Aggregates a series. A mean stays within its samples' minimum and maximum despite rounding. A circular mean may not:
 * that of 350° and 10° is 0°.
 * @param bounds of {@link bucketBounds}
 * @param turn full turn of the samples' unit, for angles
 * @throws {RangeError} for a sample outside the bounds
 */
export function bucketSeries(series: Series, bounds: Float64Array, turn: number | null = null): BucketedSeries {
  const { length } = series.times;
  if (length > 0 && !(series.times[0]! >= bounds[0]! && series.times[length - 1]! < bounds.at(-1)!)) {
    throw new RangeError("the series has samples outside the buckets");
  }
  const size = Math.min(length, bounds.length - 1);
  const times = new Float64Array(size);
  const values = new Float64Array(size);
  const min = new Float64Array(size);
  const max = new Float64Array(size);
  const count = new Int32Array(size);
  let n = 0;
  let bucket = 0;
  for (let i = 0; i < length; n++) {
    while (series.times[i]! >= bounds[bucket + 1]!) bucket++;
    const first = i;
    // Starts at -0, because starting at 0 would make a sum of -0 positive.
    let sum = -0;
    let scaled = -0;
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (; i < length && series.times[i]! < bounds[bucket + 1]!; i++) {
      const value = series.values[i]!;
      sum += value;
      scaled += value * SCALE;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    times[n] = bounds[bucket]!;
    count[n] = i - first;
    // The sum of finite doubles may overflow even if their mean does not.
    const mean = Number.isFinite(sum) ? sum / count[n]! : scaled / count[n]! / SCALE;
    values[n] = turn === null ? Math.min(high, Math.max(low, mean)) : circularMean(series.values, first, i, turn);
    min[n] = low;
    max[n] = high;
  }
  return {
    times: times.subarray(0, n),
    values: values.subarray(0, n),
    min: min.subarray(0, n),
    max: max.subarray(0, n),
    count: count.subarray(0, n),
  };
}
