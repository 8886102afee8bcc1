import { HOUR_MS } from "./hour.ts";
import type { TimeRange } from "./time-range.ts";

/** An hour of a point, with samples. */
export interface KnownHour {
  /** start of the hour, epoch ms */
  readonly hour: number;
  /** number of samples */
  readonly n: number;
  /** their times, ascending, epoch ms; null: not read, because `n` samples leave no gap */
  readonly times: Float64Array | null;
}

/**
 * Finds the silences of a point: ranges longer than its tolerance between neighbouring samples, or a sample and an end
 * of `domain`.
 * A silence begins one millisecond after a sample and ends at the next one, so it holds no sample, and two of them
 * never touch.
 * @param hours those in `domain` with samples, ascending
 * @param toleranceMs the longest time between two samples that is not a silence
 */
export function findSilences(hours: readonly KnownHour[], domain: TimeRange, toleranceMs: number): TimeRange[] {
  const silences: TimeRange[] = [];
  /** start of the time without samples */
  let from = domain.start;
  let last = domain.start;
  const seen = (time: number, until: number) => {
    if (time - last > toleranceMs) silences.push({ start: from, end: time });
    last = until;
    from = until + 1;
  };
  for (const { hour, times } of hours) {
    if (hour >= domain.end) break;
    if (times === null) {
      if (hour + HOUR_MS <= domain.start) continue;
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
