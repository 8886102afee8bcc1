/** Points per block, the unit of hot storage. A block holds points of one site only. In SQL: `id >> 7`. */
export const BLOCK_POINTS = 2 ** 7;

export function blockOf(pointId: number): number {
  return Math.floor(pointId / BLOCK_POINTS);
}

/** The distinct blocks of points, ascending. */
export function blocksOf(pointIds: Iterable<number>): number[] {
  return [...new Set(Array.from(pointIds, blockOf))].sort((a, b) => a - b);
}
