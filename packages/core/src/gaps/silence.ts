import { HOUR_MS } from "../domain/hour.ts";
import type { KnownHour } from "../domain/silence.ts";
import type { TimeRange } from "../domain/time-range.ts";

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
