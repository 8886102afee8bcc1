import { DAY_MS } from "../domain/day.ts";
import type { PointDayQuality } from "./point-day-quality.ts";

/** Digits after the point that are kept; cut off, so that 1 says that nothing was found. */
const SCALE = 10_000;

/**
 * completeness x validity x movement, each 0 to 1:
 * - completeness = (expected - missing) / expected
 * - validity = 1 - (out of range + outliers + spikes) / actual; no sample is counted twice
 * - movement = 1 - the share of the day that the sensor was stuck; of a whole day without a change it is 0
 *
 * What was not judged is left out. Late samples cost nothing: they are there.
 * @returns null where nothing was judged
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

/** The samples of a day without a change end a cadence before midnight: of at most ten minutes, here. */
const WHOLE_DAY_S = (DAY_MS - 600_000) / 1000;
