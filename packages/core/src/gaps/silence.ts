import { HOUR_MS } from "../domain/hour.ts";
import type { TimeRange } from "../domain/time-range.ts";

/** What is known of a point's hour that has samples. */
export interface KnownHour {
  /** its start, epoch ms */
  readonly hour: number;
  /** samples in it */
  readonly n: number;
  /** their times, ascending, epoch ms; null: they are not read, for so many as `n` leave no gap */
  readonly times: Float64Array | null;
}

/**
 * The silences of a point: stretches without a sample between two samples, or a sample and an end of `domain`, that are
 * longer than its tolerance. Each begins behind its last sample (the millisecond after) and ends with the next one, so no
 * sample is in it, and two of them with a sample between never touch.
 * @param hours those in `domain` that have samples, ascending
 * @param toleranceMs the longest time between two samples that is no gap
 */
export function findSilences(hours: readonly KnownHour[], domain: TimeRange, toleranceMs: number): TimeRange[] {
  const silences: TimeRange[] = [];
  /** from where on nothing was seen */
  let from = domain.start;
  let last = domain.start;
  const seen = (time: number, until: number) => {
    if (time - last > toleranceMs) silences.push({ start: from, end: time });
    last = until;
    from = until + 1;
  };
  for (const { hour, times } of hours) {
    if (hour + HOUR_MS <= domain.start) continue;
    if (hour >= domain.end) break;
    if (times === null) {
      seen(Math.max(hour, domain.start), Math.min(hour + HOUR_MS, domain.end) - 1);
      continue;
    }
    for (const time of times) {
      if (time < domain.start) continue;
      if (time >= domain.end) break;
      seen(time, time);
    }
  }
  if (domain.end - last > toleranceMs) silences.push({ start: from, end: domain.end });
  return silences;
}

/** A sample that a cadence leads to expect may fall beyond the hour's end, and one may be missing: that is no gap yet. */
const SLACK = 2;

/** Below this many samples an hour all hours are read: they are few, and the count says little. */
const FEW = 4;

/**
 * The hours of which a point's times must be read to know its silences: those that are short of samples for its cadence,
 * and those beside an empty or a short one. A silence of more than three cadences lacks three samples at least, so one of
 * the two hours that it may touch lacks two.
 * @param counts samples of consecutive hours; null: unknown
 * @returns indexes, ascending
 */
export function hoursToRead(counts: readonly (number | null)[], cadenceMs: number): number[] {
  const expected = HOUR_MS / cadenceMs;
  const isShort = (count: number | null | undefined) =>
    count === null || (count !== undefined && (expected < FEW || count <= expected - SLACK));
  const indexes: number[] = [];
  counts.forEach((count, i) => {
    if (count === 0) return;
    if (isShort(count) || isShort(counts[i - 1]) || isShort(counts[i + 1])) indexes.push(i);
  });
  return indexes;
}

/** How many samples the hours have in some ranges; an hour that is not read counts for the part that lies in them. */
export function samplesIn(hours: readonly KnownHour[], ranges: readonly TimeRange[]): number {
  let found = 0;
  for (const { start, end } of ranges) {
    for (const { hour, n, times } of hours) {
      if (hour >= end) break;
      if (hour + HOUR_MS <= start) continue;
      if (times === null) {
        found += Math.round((n * (Math.min(end, hour + HOUR_MS) - Math.max(start, hour))) / HOUR_MS);
        continue;
      }
      for (const time of times) if (time >= start && time < end) found++;
    }
  }
  return found;
}
