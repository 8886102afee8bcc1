/** The page sizes that the timeseries endpoint accepts, ascending; it answers 400 to others. */
export const PAGE_SIZES = [3, 10, 50, 100, 500, 1000, 5000, 10_000, 50_000, 100_000, 300_000, 500_000] as const;
export type PageSize = (typeof PAGE_SIZES)[number];

/** 100,000 rows are 9 to 16 MB of JSON. */
export const DEFAULT_PAGE_SIZE: PageSize = 100_000;

/** If an answer of this size breaks off, a smaller page does not help. */
const SMALLEST_STEP = 1000;

/** The next smaller page size; null: this is the smallest. */
export function smallerPageSize(size: PageSize): PageSize | null {
  return PAGE_SIZES.findLast((other) => other < size && other >= SMALLEST_STEP) ?? null;
}

/** The next larger page size; the largest size returns itself. */
export function largerPageSize(size: PageSize): PageSize {
  return PAGE_SIZES.find((other) => other > size) ?? size;
}
