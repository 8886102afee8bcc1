import { freeBytes } from "@building-vitals/core/bytes/free-bytes";
import type { ShapedSeries } from "@building-vitals/core/query/shape";
import { isTexts } from "./series-columns.ts";

/**
 * Frees the columns of a series that no code uses afterwards. Otherwise the 25 MB of 100 points would stay in memory
 * beside the next answer. Keeps what series may share: times and empty columns.
 */
export function freeColumns({ values, more = [], min, max, count, filled }: ShapedSeries): void {
  for (const column of new Set([values, ...more.map((one) => one.values), min, max, count, filled])) {
    if (column !== undefined && !isTexts(column) && column.length > 0) freeBytes(column);
  }
}
