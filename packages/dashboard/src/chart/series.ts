/** A drawn series: columns of equal length, times ascending. */
export interface ChartSeries {
  readonly name: string;
  /** unit of the shown values; null: unknown */
  readonly unit: string | null;
  /** epoch ms; of a bucket its start */
  readonly times: readonly number[];
  readonly values: readonly number[];
  /** null for plain samples; not null for buckets and for samples that stand for several */
  readonly min: readonly number[] | null;
  readonly max: readonly number[] | null;
  /** number of samples that each value stands for; null: one */
  readonly counts: readonly number[] | null;
  /** length of a bucket, ms; 0: these are samples */
  readonly bucketMs: number;
}

/** The first index whose time is at or after `time`; the length if no time is. */
export function indexAtOrAfter(times: readonly number[], time: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]! < time) low = middle + 1;
    else high = middle;
  }
  return low;
}
