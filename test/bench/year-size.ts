/** Of which the year ends, and the present hour begins: 2026-01-01T00:00Z. */
export const HOT_END = Date.UTC(2026, 0, 1);

export const SITE_NAME = "ses_falls_city";

/** What is built of a site's year. The days before the hot ones are cold; the last of them have files. */
export type YearSize = {
  readonly points: number;
  readonly days: number;
  readonly hotDays: number;
  /** cold days that have a file in R2; the others have their rows in D1 alone, for building all takes too long */
  readonly fileDays: number;
  /** points whose hot days the row-per-sample baseline has */
  readonly baselinePoints: number;
};

/** Ids of some of a site's points, as far apart as can be, ascending. */
export function spreadIds(points: number, count: number): number[] {
  const step = Math.floor(points / count);
  return Array.from({ length: Math.min(points, count) }, (_, i) => 1 + i * step);
}
