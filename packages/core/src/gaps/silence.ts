import { HOUR_MS } from "../domain/hour.ts";
import type { KnownHour } from "../domain/silence.ts";
import type { TimeRange } from "../domain/time-range.ts";

/** An hour may lack this many expected samples without a gap: one may fall just beyond its end, one may be missing. */
const SLACK = 2;

/** Below this many samples an hour, all hours are read: reading costs little, and counts say little. */
const FEW = 4;

/**
 * The hours whose sample times must be read to find a point's silences: hours short of samples, and their neighbours.
 * A silence of more than three cadences lacks at least three samples, so one of the two hours that it may touch lacks
 * two.
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

/** Number of samples in some ranges. An hour without times counts in proportion to its overlap. */
export function countSamples(hours: readonly KnownHour[], ranges: readonly TimeRange[]): number {
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
