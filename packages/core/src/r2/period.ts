import { dayRange, dayStart } from "../domain/day.ts";
import { monthDays } from "../domain/month.ts";
import type { TimeRange } from "../domain/time-range.ts";
import { dayFileKey } from "./day-file-key.ts";
import { monthFileKey } from "./month-file-key.ts";

/** The period of a file: a UTC day (whole days since 1970-01-01), or a UTC month (whole months since January 1970). */
export type Period =
  | { readonly day: number; readonly month?: undefined }
  | { readonly month: number; readonly day?: undefined };

/** A period as a half-open range of epoch milliseconds. */
export function periodRange({ day, month }: Period): TimeRange {
  if (month === undefined) return dayRange(day);
  const { first, end } = monthDays(month);
  return { start: dayStart(first), end: dayStart(end) };
}

/** The R2 key of a site's file. @throws {RangeError} if the site or the period has no key */
export function periodFileKey(site: string, { day, month }: Period): string {
  return month === undefined ? dayFileKey(site, day) : monthFileKey(site, month);
}

/** Limits of a file's row groups. Encoding one takes up to 200 bytes a row of a day, and 60 of a month. */
interface GroupLimits {
  /** points of a row group, which share its pages of times and names */
  readonly points: number;
  /** rows of a row group of several points; a group ends before it would have more */
  readonly groupRows: number;
  /** rows of one point */
  readonly pointRows: number;
}

/**
 * A read of a point fetches its row group's times, and the values of the points before it:
 * docs/decisions/0006-day-file-pages.md has the figures. The limit of a point allows nearly three samples a second, far
 * more than our sources send.
 */
export const DAY_LIMITS: GroupLimits = { points: 12, groupRows: 131_072, pointRows: 250_000 };

/**
 * The limit of a point allows a sample every 2.6 s; a month with more has no file. docs/decisions/0026-month-files.md
 * has the figures.
 */
export const MONTH_LIMITS: GroupLimits = { points: 5, groupRows: 300_000, pointRows: 1_000_000 };

export function limitsOf({ month }: Period): GroupLimits {
  return month === undefined ? DAY_LIMITS : MONTH_LIMITS;
}
