import { HOUR_MS } from "../domain/hour.ts";
import type { Scratch } from "./scratch.ts";
import { medianOf } from "./select-rank.ts";

/** Iglewicz and Hoaglin: |modified z| above 3.5; 0.6745 is the 0.75 quantile of the normal distribution. */
const MODIFIED_Z = 3.5;
const MAD_SHARE = 0.6745;
/** Their fallback if more than half of the values equal the median: the mean absolute deviation. */
const MEAN_DEVIATIONS = 1.253314;

/** An outlier is further from the median than this multiple of the accuracy. */
const ACCURACIES = 4;

/** A longer deviation is an event in the building, not an outlier. */
const LONGEST_MS = HOUR_MS;

/**
 * A faulty sensor jumps while a quantity moves: the jump covers at least this share of the distance from the median.
 */
const JUMP = 0.5;

/**
 * Counts samples far from the day's median, in stretches of less than an hour that begin and end with a jump.
 * Source: B. Iglewicz and D. C. Hoaglin, "How to Detect and Handle Outliers", 1993 (modified z-score of the median
 * absolute deviation). The jump is our addition: a meeting that raises CO2 for an hour is also far out, but not a
 * fault.
 * @param scratch its first n values, times and marks; skips marked samples; overwrites `work`
 * @param accuracy of the sensor
 */
export function countOutliers(scratch: Scratch, n: number, accuracy: number): number {
  const { values, times, work, marks } = scratch;
  if (n === 0) return 0;
  work.set(values.subarray(0, n));
  const median = medianOf(work, n);
  let total = 0;
  for (let i = 0; i < n; i++) total += work[i] = Math.abs(values[i]! - median);
  const mad = medianOf(work, n);
  const sigma = mad > 0 ? mad / MAD_SHARE : MEAN_DEVIATIONS * (total / n);
  const far = Math.max(MODIFIED_Z * sigma, ACCURACIES * accuracy);
  const isJump = (from: number, to: number) => Math.abs(from - to) >= JUMP * Math.abs(from - median);
  let outliers = 0;
  for (let start = 0; start < n; start++) {
    if (!(Math.abs(values[start]! - median) > far)) continue;
    let end = start + 1;
    while (end < n && Math.abs(values[end]! - median) > far) end++;
    const isEntered = start === 0 || isJump(values[start]!, values[start - 1]!);
    const isLeft = end === n || isJump(values[end - 1]!, values[end]!);
    const isShort = times[end - 1]! - times[start]! < LONGEST_MS;
    if (isEntered && isLeft && isShort && end - start < n) {
      for (let i = start; i < end; i++) if (marks[i] === 0) outliers++;
    }
    start = end;
  }
  return outliers;
}
