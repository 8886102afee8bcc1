import type { Series } from "./samples.ts";

/** Two levels' samples of one point, joined. */
export interface MergedSeries extends Series {
  /** samples that are the old level's */
  readonly fromOld: number;
}

/**
 * Merges two levels.
 * @param isLater of two samples of one millisecond whether the young one counts, by its index; default: it always does
 */
export function mergeSeries(
  old: Series,
  young: Series,
  isLater: (index: number) => boolean = () => true,
): MergedSeries {
  if (old.times.length === 0) return { times: young.times, values: young.values, fromOld: 0 };
  if (young.times.length === 0) return { times: old.times, values: old.values, fromOld: old.times.length };
  const size = old.times.length + young.times.length;
  const times = new Float64Array(size);
  const values = new Float64Array(size);
  let n = 0;
  let y = 0;
  let fromOld = 0;
  for (let o = 0; o < old.times.length; o++) {
    const time = old.times[o]!;
    for (; y < young.times.length && young.times[y]! < time; y++, n++) {
      times[n] = young.times[y]!;
      values[n] = young.values[y]!;
    }
    if (young.times[y] === time) {
      if (isLater(y)) continue;
      y++;
    }
    times[n] = time;
    values[n] = old.values[o]!;
    n++;
    fromOld++;
  }
  for (; y < young.times.length; y++, n++) {
    times[n] = young.times[y]!;
    values[n] = young.values[y]!;
  }
  return { times: times.subarray(0, n), values: values.subarray(0, n), fromOld };
}
