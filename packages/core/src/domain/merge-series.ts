import type { Series } from "./samples.ts";

/** Two levels' samples of one point, joined. */
export interface MergedSeries extends Series {
  /** samples of the old level that are in it: those at whose time the young level has none */
  readonly fromOld: number;
}

/** Merges two levels. Where both have a sample of the same millisecond, the young one's counts. */
export function mergeSeries(old: Series, young: Series): MergedSeries {
  if (old.times.length === 0) return { ...young, fromOld: 0 };
  if (young.times.length === 0) return { ...old, fromOld: old.times.length };
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
    if (young.times[y] === time) continue;
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
