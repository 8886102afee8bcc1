/**
 * A quantile, interpolated between its two neighbours.
 * @param sorted ascending, at least one
 * @param share 0 to 1
 */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const at = (sorted.length - 1) * share;
  const low = Math.floor(at);
  const below = sorted[low]!;
  const above = sorted[Math.min(low + 1, sorted.length - 1)]!;
  return below + (above - below) * (at - low);
}

/** Summary figures of values. */
export interface Summary {
  readonly count: number;
  readonly mean: number;
  readonly min: number;
  readonly p5: number;
  readonly median: number;
  readonly p95: number;
  readonly max: number;
}

/** @param sorted ascending, at least one */
export function summaryOf(sorted: ArrayLike<number>): Summary {
  let mean = 0;
  for (let i = 0; i < sorted.length; i++) mean += (sorted[i]! - mean) / (i + 1);
  return {
    count: sorted.length,
    mean,
    min: sorted[0]!,
    p5: quantile(sorted, 0.05),
    median: quantile(sorted, 0.5),
    p95: quantile(sorted, 0.95),
    max: sorted[sorted.length - 1]!,
  };
}
