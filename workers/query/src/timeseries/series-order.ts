import type { ShapedSeries } from "@building-vitals/core/query/shape";

/** The order of series in formats with a row per sample. */
export function byName(series: readonly ShapedSeries[]): ShapedSeries[] {
  return series.toSorted((a, b) => (a.point.name < b.point.name ? -1 : 1));
}
