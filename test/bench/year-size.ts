/** End of the year, and start of the present hour: 2026-01-01T00:00Z. */
export const HOT_END = Date.UTC(2026, 0, 1);

export const SITE_NAME = "ses_falls_city";

/** How a site's year is stored. From its end: open days, kept days, days with a file, and days without one. */
export type YearSize = {
  readonly points: number;
  /** all of the year's days */
  readonly days: number;
  /** days whose samples are in segments */
  readonly openDays: number;
  /** days that have a file in R2 and its row groups in D1 */
  readonly keptDays: number;
  /** days that have a file in R2; the days before have rows in D1 alone, because building all files takes too long */
  readonly fileDays: number;
  /** points that the row-per-sample baseline has, of the open and kept days */
  readonly baselinePoints: number;
};

/** Ids of some of a site's points, as far apart as can be, ascending. */
export function spreadIds(points: number, count: number): number[] {
  const step = Math.floor(points / count);
  return Array.from({ length: Math.min(points, count) }, (_, i) => 1 + i * step);
}
