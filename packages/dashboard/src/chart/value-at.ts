import { type ChartSeries, indexAtOrAfter } from "./series.ts";

/**
 * The index of a series' sample at a time: its bucket's, or the nearest; -1: none is near.
 * @param longest the longest time between neighbours, ms
 */
export function sampleAt({ times, bucketMs }: ChartSeries, time: number, longest: number): number {
  const after = indexAtOrAfter(times, time);
  if (bucketMs > 0) {
    const index = times[after] === time ? after : after - 1;
    // A bucket of a slow point is valid up to the next one.
    return index >= 0 && time - times[index]! < Math.max(bucketMs, longest) ? index : -1;
  }
  const isNext = after < times.length && (after === 0 || times[after]! - time < time - times[after - 1]!);
  const index = isNext ? after : after - 1;
  return index >= 0 && Math.abs(times[index]! - time) <= longest / 2 ? index : -1;
}
