import type { ShapedSeries } from "@building-vitals/core/query/shape";

/** The order of the formats that have a row a sample. */
export function byName(series: readonly ShapedSeries[]): ShapedSeries[] {
  return series.toSorted((a, b) => (a.point.name < b.point.name ? -1 : 1));
}
