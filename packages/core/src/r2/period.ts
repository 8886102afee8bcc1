import { dayRange, dayStart } from "../domain/day.ts";
import { monthDays } from "../domain/month.ts";
import type { TimeRange } from "../domain/time-range.ts";
import { dayFileKey } from "./day-file-key.ts";
import { monthFileKey } from "./month-file-key.ts";

/** What the samples of a file are of: a UTC day (whole days since 1970-01-01), or a UTC month (whole months since January 1970). */
export type Period =
  | { readonly day: number; readonly month?: undefined }
  | { readonly month: number; readonly day?: undefined };

/** The times of a period, half-open, epoch ms. */
export function periodRange({ day, month }: Period): TimeRange {
  if (month === undefined) return dayRange(day);
  const { first, end } = monthDays(month);
  return { start: dayStart(first), end: dayStart(end) };
}

/** The R2 key of a site's file. @throws {RangeError} where the site or the period has none */
export function periodFileKey(site: string, { day, month }: Period): string {
  return month === undefined ? dayFileKey(site, day) : monthFileKey(site, month);
}

/** Bounds of a file's row groups: a row group is encoded in memory, at up to 200 bytes a row of a day and 60 of a month. */
interface GroupLimits {
  /** points whose rows share a row group, and so its times */
  readonly points: number;
  /** A row group is closed early before it grows beyond this many rows, so that a point with many has its own. */
  readonly groupRows: number;
  /** the most rows of one point */
  readonly pointRows: number;
}

/**
 * A read of one point fetches the times of its row group, and the values of the points before it.
 * docs/decisions/0006-day-file-pages.md has the figures. A point may have nearly three samples a second all day; no source of
 * ours comes near.
 */
export const DAY_LIMITS: GroupLimits = { points: 12, groupRows: 131_072, pointRows: 250_000 };

/**
 * docs/decisions/0026-month-files.md has the figures. A point may have a sample each 2.6 s all month; a month with a denser one
 * has no file.
 */
export const MONTH_LIMITS: GroupLimits = { points: 5, groupRows: 300_000, pointRows: 1_000_000 };

export function limitsOf({ month }: Period): GroupLimits {
  return month === undefined ? DAY_LIMITS : MONTH_LIMITS;
}
