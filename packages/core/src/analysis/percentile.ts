/**
 * The percentile of sorted values by linear interpolation between closest ranks: method R-7, as in NumPy and Excel.
 * @param sorted ascending, at least one @param share 0 to 1
 */
export function percentile(sorted: Float64Array, share: number): number {
  const rank = (sorted.length - 1) * share;
  const below = Math.floor(rank);
  const [low, high] = [sorted[below]!, sorted[Math.min(below + 1, sorted.length - 1)]!];
  return low + (high - low) * (rank - below);
}
