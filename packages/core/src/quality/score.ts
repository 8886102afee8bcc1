import { DAY_MS } from "../domain/day.ts";
import type { PointDayQuality } from "./point-day-quality.ts";

/** Digits kept after the decimal point, truncated: a score of 1 means that no fault was found. */
const SCALE = 10_000;

/**
 * completeness x validity x movement, each 0 to 1:
 * - completeness = (expected - missing) / expected
 * - validity = 1 - (out of range + outliers + spikes) / actual; no sample is counted twice
 * - movement = 1 - the share of the day that the sensor was stuck; 0 for a whole day without a change
 *
 * Leaves out parts that were not judged. Late samples cost nothing, because they exist.
 * @returns null: nothing was judged
 */
export function scoreOf(quality: Omit<PointDayQuality, "score">): number | null {
  const { expected, actual, missing, outOfRange, outliers, spikes, flatS } = quality;
  const parts: number[] = [];
  if (expected !== null && missing !== null) parts.push((expected - missing) / expected);
  if (outOfRange !== null && actual > 0) {
    parts.push(1 - (outOfRange + (outliers ?? 0) + (spikes ?? 0)) / actual);
  }
  if (flatS !== null) parts.push(flatS >= WHOLE_DAY_S ? 0 : 1 - (flatS * 1000) / DAY_MS);
  if (parts.length === 0) return null;
  const product = parts.reduce((all, part) => all * part, 1);
  return Math.floor(product * SCALE + 1e-6) / SCALE;
}

/** The samples of a constant day end one cadence before midnight: here at most ten minutes. */
const WHOLE_DAY_S = (DAY_MS - 600_000) / 1000;
