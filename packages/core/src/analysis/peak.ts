import type { Series } from "../domain/samples.ts";
import type { TimeRange } from "../domain/time-range.ts";

/** The largest mean of a window. */
export interface Peak {
  readonly value: number;
  /** start of the window, epoch ms */
  readonly at: number;
}

/**
 * The largest mean of clock-aligned windows, such as the quarters of an hour by which demand is billed. The first of
 * equal ones counts. @param windowMs divides an hour @param range windows that it cuts do not count
 */
export function peakOf({ times, values }: Series, windowMs: number, range: TimeRange): Peak | null {
  let peak: Peak | null = null;
  for (let from = 0; from < times.length;) {
    const at = Math.floor(times[from]! / windowMs) * windowMs;
    let [sum, to] = [0, from];
    for (; to < times.length && times[to]! < at + windowMs; to++) sum += values[to]!;
    const value = sum / (to - from);
    const isWhole = at >= range.start && at + windowMs <= range.end;
    if (isWhole && (peak === null || value > peak.value)) peak = { value, at };
    from = to;
  }
  return peak;
}
