import { HOUR_MS } from "./hour.ts";
import type { TimeRange } from "./time-range.ts";

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
