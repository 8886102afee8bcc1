import type { Series } from "../domain/samples.ts";

/** The largest mean of a window. */
export interface Peak {
  readonly value: number;
  /** start of the window, epoch ms */
  readonly at: number;
}

/**
 * The largest mean of clock-aligned windows, such as the quarters of an hour by which demand is billed. The first of
 * equal ones counts. @param windowMs divides an hour
 */
export function peakOf({ times, values }: Series, windowMs: number): Peak | null {
  let peak: Peak | null = null;
  for (let from = 0; from < times.length;) {
    const at = Math.floor(times[from]! / windowMs) * windowMs;
    let [sum, to] = [0, from];
    for (; to < times.length && times[to]! < at + windowMs; to++) sum += values[to]!;
    const value = sum / (to - from);
    if (peak === null || value > peak.value) peak = { value, at };
    from = to;
  }
  return peak;
}
