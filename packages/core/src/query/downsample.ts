import type { Series } from "../domain/samples.ts";

/** Candidates per kept sample in the second step. */
const PRESELECTED = 4;

/** A subset of a series' samples. Columns of equal length. */
export interface ThinnedSeries extends Series {
  /** smallest value from after the previous kept sample up to this one */
  readonly min: Float64Array;
  readonly max: Float64Array;
  /** number of these samples; the sum is the length of the series */
  readonly count: Int32Array;
}

/**
 * Thins a series to at most `most` of its own, unchanged samples, so that its chart looks like that of the whole
 * series.
 * - Keeps the first, the last, the smallest and the largest sample.
 * - Keeps the samples at both ends of each gap, so that no gap shrinks or disappears. If these would be more than half
 * of all, only those of the longest gaps are kept.
 * - Selects the rest by MinMaxLTTB (Van der Donckt, Van der Donckt and Van Hoecke 2023, arXiv:2305.00332). It
 * preselects the extremes of many short runs, and keeps those with the largest triangles (Steinarsson 2013,
 * "Downsampling Time Series for Visual Representation").
 * @param gapMs longer intervals between samples are gaps, milliseconds; null: unknown
 */
export function downsample(series: Series, most: number, gapMs: number | null): ThinnedSeries {
  const { length } = series.times;
  const kept = length <= most ? Int32Array.from({ length }, (_, i) => i) : chosen(series, most, gapMs);
  return summarize(series, kept);
}

function chosen(series: Series, most: number, gapMs: number | null): Int32Array {
  const first = [0, series.times.length - 1, indexOfExtreme(series.values, 1), indexOfExtreme(series.values, -1)];
  const kept = new Set(first.slice(0, most));
  for (const i of longestGaps(series.times, gapMs, Math.floor(Math.max(0, most - kept.size) / 4)))
    kept.add(i).add(i + 1);
  // The largest triangles always include the first and the last sample.
  const rest = most - kept.size + 2;
  if (rest > 2)
    for (const i of largestTriangles(series, extremesOfRuns(series.values, rest * PRESELECTED), rest)) kept.add(i);
  return Int32Array.from(kept).sort();
}

/** The first index of the smallest value; with sign -1, of the largest. */
function indexOfExtreme(values: Float64Array, sign: 1 | -1): number {
  let found = 0;
  for (let i = 1; i < values.length; i++) if (sign * values[i]! < sign * values[found]!) found = i;
  return found;
}

/** Indexes of the samples before the longest gaps. */
function longestGaps(times: Float64Array, gapMs: number | null, most: number): number[] {
  if (gapMs === null) return [];
  const gaps: number[] = [];
  for (let i = 0; i + 1 < times.length; i++) if (times[i + 1]! - times[i]! > gapMs) gaps.push(i);
  if (gaps.length <= most) return gaps;
  return gaps.sort((a, b) => times[b + 1]! - times[b]! - (times[a + 1]! - times[a]!)).slice(0, most);
}

/**
 * Indexes of each run's smallest and largest value, ascending, with both ends of the series. There are `most` / 2 runs.
 */
function extremesOfRuns(values: Float64Array, most: number): Int32Array {
  const { length } = values;
  if (length <= most) return Int32Array.from({ length }, (_, i) => i);
  const runs = Math.floor(most / 2);
  const found = new Int32Array(2 * runs + 2);
  let n = 1;
  for (let run = 0; run < runs; run++) {
    const from = 1 + Math.floor((run * (length - 2)) / runs);
    const to = 1 + Math.floor(((run + 1) * (length - 2)) / runs);
    let low = from;
    let high = from;
    for (let i = from + 1; i < to; i++) {
      if (values[i]! < values[low]!) low = i;
      if (values[i]! > values[high]!) high = i;
    }
    found[n++] = Math.min(low, high);
    if (low !== high) found[n++] = Math.max(low, high);
  }
  found[n++] = length - 1;
  return found.subarray(0, n);
}

/**
 * Splits the candidates into `most` - 2 groups. Keeps each group's candidate with the largest triangle between the
 * previous kept one and the mean of the next group, and the first and last candidate.
 * @param candidates indexes into the series, ascending, at least two
 */
function largestTriangles(series: Series, candidates: Int32Array, most: number): Int32Array {
  const { length } = candidates;
  if (length <= most) return candidates;
  const { x, y } = scaled(series, candidates);
  const found = new Int32Array(most);
  found[most - 1] = candidates[length - 1]!;
  const bound = (group: number) => 1 + Math.floor((group * (length - 2)) / (most - 2));
  let before = 0;
  found[0] = candidates[0]!;
  for (let group = 0; group < most - 2; group++) {
    const to = bound(group + 1);
    const next = group + 1 < most - 2 ? bound(group + 2) : length;
    let [meanX, meanY] = [0, 0];
    for (let i = to; i < next; i++) {
      meanX += x[i]! / (next - to);
      meanY += y[i]! / (next - to);
    }
    let largest = -1;
    let best = bound(group);
    for (let i = best; i < to; i++) {
      const area = Math.abs((x[before]! - meanX) * (y[i]! - y[before]!) - (x[before]! - x[i]!) * (meanY - y[before]!));
      if (area > largest) [largest, best] = [area, i];
    }
    found[group + 1] = candidates[best]!;
    before = best;
  }
  return found;
}

/** Times and values of candidates, scaled to [0, 1], so that no product overflows. */
function scaled({ times, values }: Series, candidates: Int32Array): { x: Float64Array; y: Float64Array } {
  const start = times[0]!;
  const span = times[times.length - 1]! - start;
  const low = values[indexOfExtreme(values, 1)]! / 2;
  // Halved, because the difference of two doubles may overflow.
  const height = values[indexOfExtreme(values, -1)]! / 2 - low;
  return {
    x: Float64Array.from(candidates, (i) => (times[i]! - start) / span),
    y: Float64Array.from(candidates, (i) => (height === 0 ? 0 : (values[i]! / 2 - low) / height)),
  };
}

function summarize({ times, values }: Series, kept: Int32Array): ThinnedSeries {
  const size = kept.length;
  const min = new Float64Array(size);
  const max = new Float64Array(size);
  const count = new Int32Array(size);
  let from = 0;
  for (let n = 0; n < size; n++) {
    const to = kept[n]! + 1;
    min[n] = Number.POSITIVE_INFINITY;
    max[n] = Number.NEGATIVE_INFINITY;
    for (let i = from; i < to; i++) {
      min[n] = Math.min(min[n]!, values[i]!);
      max[n] = Math.max(max[n]!, values[i]!);
    }
    count[n] = to - from;
    from = to;
  }
  return {
    times: Float64Array.from(kept, (i) => times[i]!),
    values: Float64Array.from(kept, (i) => values[i]!),
    min,
    max,
    count,
  };
}
