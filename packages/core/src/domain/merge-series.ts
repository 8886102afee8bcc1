import type { Series } from "./samples.ts";

/** Samples of one point from two levels, joined. */
export interface MergedSeries extends Series {
  /** number of samples that come from the lower level */
  readonly fromLower: number;
}

/**
 * Merges two levels.
 * @param isLater for two samples of one millisecond, by index: whether the upper level's sample wins; default: always
 */
export function mergeSeries(
  lower: Series,
  upper: Series,
  isLater: (index: number) => boolean = () => true,
): MergedSeries {
  if (lower.times.length === 0) return { times: upper.times, values: upper.values, fromLower: 0 };
  if (upper.times.length === 0) return { times: lower.times, values: lower.values, fromLower: lower.times.length };
  const size = lower.times.length + upper.times.length;
  const times = new Float64Array(size);
  const values = new Float64Array(size);
  let n = 0;
  let y = 0;
  let fromLower = 0;
  for (let o = 0; o < lower.times.length; o++) {
    const time = lower.times[o]!;
    for (; y < upper.times.length && upper.times[y]! < time; y++, n++) {
      times[n] = upper.times[y]!;
      values[n] = upper.values[y]!;
    }
    if (upper.times[y] === time) {
      if (isLater(y)) continue;
      y++;
    }
    times[n] = time;
    values[n] = lower.values[o]!;
    n++;
    fromLower++;
  }
  for (; y < upper.times.length; y++, n++) {
    times[n] = upper.times[y]!;
    values[n] = upper.values[y]!;
  }
  return { times: times.subarray(0, n), values: values.subarray(0, n), fromLower };
}
