/** The rows-per-page values that the timeseries endpoint takes; any other is a 400. Ascending. */
export const PAGE_SIZES = [3, 10, 50, 100, 500, 1000, 5000, 10_000, 50_000, 100_000, 300_000, 500_000] as const;
export type PageSize = (typeof PAGE_SIZES)[number];

/** 100,000 rows are 9 to 16 MB of JSON. */
export const DEFAULT_PAGE_SIZE: PageSize = 100_000;

/** Pages below this are never the cure for a large answer that breaks off. */
const SMALLEST_STEP = 1000;

/** The next smaller page size; null: this is the smallest. */
export function smallerPageSize(size: PageSize): PageSize | null {
  return PAGE_SIZES.findLast((other) => other < size && other >= SMALLEST_STEP) ?? null;
}

/** The next larger page size; the largest one for itself. */
export function largerPageSize(size: PageSize): PageSize {
  return PAGE_SIZES.find((other) => other > size) ?? size;
}
