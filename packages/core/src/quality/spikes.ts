import type { Scratch } from "./scratch.ts";
import { selectRank } from "./select-rank.ts";

/** Samples on each side in Hampel's window: 7 in all. */
const REACH = 3;

/** Hampel's threshold, and the factor that makes a median absolute deviation comparable to a standard deviation. */
const HAMPEL_SIGMAS = 3;
const MAD_TO_SIGMA = 1.4826;

/** A spike exceeds this multiple of the accuracy, and of the step that only 5% of the steps exceed. */
const ACCURACIES = 3;
const USUAL_STEPS = 3;
const USUAL_SHARE = 0.95;

const around = new Float64Array(2 * REACH + 1);

/**
 * Marks single samples that jump away and return at once.
 * Source: F. R. Hampel, "The influence curve and its role in robust estimation", JASA 69, 1974 (7 samples, 3 sigmas),
 * where both neighbours agree.
 * Spikes are rare: a jump that is usual for the point that day is normal, as for a compressor that runs for a minute at
 * a time.
 * @param scratch its first n values and times; sets marks; overwrites `work`
 * @param accuracy of the sensor
 * @param gapMs neighbours further apart are no evidence
 * @returns number of spikes
 */
export function markSpikes(scratch: Scratch, n: number, accuracy: number, gapMs: number): number {
  const { values, times, work, marks } = scratch;
  marks.fill(0, 0, n);
  if (n < 2 * REACH + 1) return 0;
  for (let i = 1; i < n; i++) work[i - 1] = Math.abs(values[i]! - values[i - 1]!);
  const usual = selectRank(work, n - 1, Math.ceil(USUAL_SHARE * (n - 1)) - 1);
  const least = Math.max(ACCURACIES * accuracy, USUAL_STEPS * usual);
  let spikes = 0;
  for (let i = 1; i < n - 1; i++) {
    const value = values[i]!;
    const before = value - values[i - 1]!;
    const after = value - values[i + 1]!;
    if (before > 0 !== after > 0) continue;
    const height = Math.min(Math.abs(before), Math.abs(after));
    if (!(height > least) || Math.abs(before - after) > height / 2) continue;
    if (times[i]! - times[i - 1]! > gapMs || times[i + 1]! - times[i]! > gapMs) continue;
    if (!isHampelOutlier(values, n, i)) continue;
    marks[i] = 1;
    spikes++;
  }
  return spikes;
}

function isHampelOutlier(values: Float64Array, n: number, at: number): boolean {
  const from = Math.max(0, Math.min(at - REACH, n - around.length));
  for (let i = 0; i < around.length; i++) around[i] = values[from + i]!;
  around.sort();
  const median = around[REACH]!;
  for (let i = 0; i < around.length; i++) around[i] = Math.abs(around[i]! - median);
  around.sort();
  return Math.abs(values[at]! - median) > HAMPEL_SIGMAS * MAD_TO_SIGMA * around[REACH]!;
}
