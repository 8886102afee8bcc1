import type { ChartSeries } from "./series.ts";

/** Until a point's tolerance is loaded, a gap is this many of its usual steps without a sample. */
const GAP_STEPS = 3;
/** A day of 25 hours is no gap. */
const BUCKET_SLACK = 1.1;
/** The step of a point with too few samples to estimate it. */
const UNKNOWN_STEP_MS = 600_000;

/**
 * The longest time between two neighbouring samples that is not a gap, ms.
 * @param gapAfterMs the point's tolerance; null: unknown, so no gap is drawn; undefined: not loaded yet, so it is
 * estimated from the series
 */
export function longestStep({ times, bucketMs }: ChartSeries, gapAfterMs: number | null | undefined): number {
  if (gapAfterMs === null) return Number.POSITIVE_INFINITY;
  const usual = bucketMs > 0 ? bucketMs : (medianStep(times) ?? UNKNOWN_STEP_MS);
  return Math.max(gapAfterMs ?? GAP_STEPS * usual, BUCKET_SLACK * bucketMs);
}

function medianStep(times: readonly number[]): number | null {
  if (times.length < 3) return null;
  const steps = times.slice(1).map((time, i) => time - times[i]!);
  return steps.sort((a, b) => a - b)[steps.length >> 1]!;
}

/**
 * Whether the line breaks before the sample at an index. A sample that stands for several has thinned-out ones after
 * it, so only a sample that stands for itself can end a gap.
 */
export function breaksBefore({ times, counts, bucketMs }: ChartSeries, index: number, longest: number): boolean {
  if (index === 0) return true;
  const isAlone = bucketMs > 0 || counts === null || counts[index] === 1;
  return isAlone && times[index]! - times[index - 1]! > longest;
}

/** [start, end) in epoch ms */
export type Stretch = readonly [number, number];

/**
 * The stretches of a range without samples of a series, including both ends. @param end the latest possible time of a
 * sample
 */
export function gapsOf(series: ChartSeries, longest: number, start: number, end: number): Stretch[] {
  const { times, bucketMs } = series;
  const gaps: Stretch[] = [];
  let from = start;
  for (let i = 0; i < times.length; i++) {
    const time = times[i]!;
    const isGap = i === 0 ? time - start > longest : breaksBefore(series, i, longest);
    if (isGap && time > from) gaps.push([from, time]);
    from = time + bucketMs;
  }
  if (end - from > longest - bucketMs) gaps.push([from, end]);
  return gaps;
}

/** Stretches without samples of any series; empty for no lists. */
export function commonGaps(lists: readonly (readonly Stretch[])[]): readonly Stretch[] {
  const [first = [], ...others] = lists;
  return others.reduce<readonly Stretch[]>((common, gaps) => {
    const both = common.flatMap(([from, to]) =>
      gaps.map(([start, end]): Stretch => [Math.max(from, start), Math.min(to, end)]),
    );
    return both.filter(([from, to]) => from < to);
  }, first);
}
