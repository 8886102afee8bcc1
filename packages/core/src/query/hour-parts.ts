import { aggregate, type HourAggregate, StoredHoursError } from "../rollups/hour-aggregates.ts";
import { dayStart } from "../domain/day.ts";
import { HOUR_MS, hourOf } from "../domain/hour.ts";
import type { Series } from "../domain/samples.ts";
import type { KnownHour } from "../domain/silence.ts";
import type { TimeRange } from "../domain/time-range.ts";
import { type BucketedSeries, SCALE } from "./buckets.ts";
import type { ParsedRollup } from "./rollups.ts";

/**
 * A point's samples in one UTC hour, or in its part within the range, aggregated. If `times` is null, the range
 * contains the whole hour.
 */
export interface HourPart extends KnownHour {
  readonly aggregate: HourAggregate;
  /** the sum times {@link SCALE}; finite even if the sum is not */
  readonly scaled: number;
  /** its last sample; null: unknown, because the aggregate's values differ */
  readonly last: number | null;
}

/**
 * A point's hours with samples, ascending: from their aggregates, or from samples where these were read.
 * @param rollups of the point, ascending
 * @param raw the hours whose samples are in `series`; must include hours whose aggregate has no finite sum
 * @throws {StoredHoursError} if such an hour is not in `raw`
 */
export function hourParts(
  rollups: readonly ParsedRollup[],
  raw: ReadonlySet<number>,
  series: Series,
  { start, end }: TimeRange,
): HourPart[] {
  const parts: HourPart[] = [];
  let from = 0;
  const addSamplesBefore = (time: number) => {
    while (from < series.times.length && series.times[from]! < time) {
      const hour = hourOf(series.times[from]!);
      let to = from + 1;
      while (to < series.times.length && series.times[to]! < hour + HOUR_MS) to++;
      parts.push(partOf(hour, series, from, to));
      from = to;
    }
  };
  for (const { day, hours } of rollups) {
    for (const [index, stored] of hours.entries()) {
      const hour = dayStart(day) + index * HOUR_MS;
      if (stored === null || hour < start || hour + HOUR_MS > end || raw.has(hour)) continue;
      if (!Number.isFinite(stored.sum))
        throw new StoredHoursError(`hour ${index} of day ${day} has a sum that is not finite`);
      addSamplesBefore(hour);
      parts.push({
        hour,
        n: stored.n,
        aggregate: stored,
        scaled: stored.sum * SCALE,
        last: constantOf(stored),
        times: null,
      });
    }
  }
  addSamplesBefore(Number.POSITIVE_INFINITY);
  return parts;
}

/** The common value of an hour's samples; null: they differ. */
export function constantOf({ min, max }: HourAggregate): number | null {
  return Object.is(min, max) ? min : null;
}

function partOf(hour: number, { times, values }: Series, from: number, to: number): HourPart {
  const summed = aggregate({ times, values }, from, to);
  // The sum of finite doubles may overflow even if their mean does not.
  const scaled = Number.isFinite(summed.sum)
    ? summed.sum * SCALE
    : values.subarray(from, to).reduce((sum, value) => sum + value * SCALE, 0);
  return { hour, n: summed.n, aggregate: summed, scaled, last: values[to - 1]!, times: times.subarray(from, to) };
}

/**
 * Aggregates hours into buckets of whole hours, without empty buckets. A mean is the mean of the samples, not of the
 * hours' means, and stays within their minimum and maximum.
 */
export function bucketHours(parts: readonly HourPart[], bounds: Float64Array): BucketedSeries {
  const size = bucketsWithHours(parts, bounds);
  // Points with every bucket share their times, which are a fifth of a year's answer.
  const isEvery = size === bounds.length - 1;
  const times = isEvery ? bounds.subarray(0, size) : new Float64Array(size);
  const values = new Float64Array(size);
  const min = new Float64Array(size);
  const max = new Float64Array(size);
  const count = new Int32Array(size);
  let n = 0;
  let bucket = 0;
  for (let i = 0; i < parts.length; n++) {
    while (parts[i]!.hour >= bounds[bucket + 1]!) bucket++;
    // Neumaier's sum, as within the hours. Starts at -0, because starting at 0 would make a sum of -0 positive.
    let sum = -0;
    let lost = -0;
    let scaled = -0;
    let samples = 0;
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (; i < parts.length && parts[i]!.hour < bounds[bucket + 1]!; i++) {
      const { aggregate: part, scaled: partScaled } = parts[i]!;
      const next = sum + part.sum;
      lost += Math.abs(sum) >= Math.abs(part.sum) ? sum - next + part.sum : part.sum - next + sum;
      sum = next;
      scaled += partScaled;
      samples += part.n;
      low = Math.min(low, part.min);
      high = Math.max(high, part.max);
    }
    const mean = Number.isFinite(sum) ? (sum + lost) / samples : scaled / samples / SCALE;
    if (!isEvery) times[n] = bounds[bucket]!;
    values[n] = Math.min(high, Math.max(low, mean));
    min[n] = low;
    max[n] = high;
    count[n] = samples;
  }
  return { times, values, min, max, count };
}

function bucketsWithHours(parts: readonly HourPart[], bounds: Float64Array): number {
  let n = 0;
  let bucket = -1;
  for (const { hour } of parts) {
    if (bucket >= 0 && hour < bounds[bucket + 1]!) continue;
    do bucket++;
    while (hour >= bounds[bucket + 1]!);
    n++;
  }
  return n;
}
