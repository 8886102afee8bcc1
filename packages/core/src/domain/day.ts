import { HOUR_MS } from "./hour.ts";
import type { TimeRange } from "./time-range.ts";

/** Milliseconds in a UTC day: epoch time has no leap seconds. */
export const DAY_MS = 86_400_000;

/** Seconds in a UTC day. */
export const DAY_S = DAY_MS / 1000;

/** Hours in a UTC day. */
export const HOURS_PER_DAY = DAY_MS / HOUR_MS;

/** Days that a stored key has room for: 1970-01-01 to 2149-06-06. */
export const DAYS = 2 ** 16;

/** The UTC day that holds `timeMs`, as whole days since 1970-01-01. */
export function dayOf(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS);
}

/** The start of a day, epoch milliseconds. */
export function dayStart(day: number): number {
  return day * DAY_MS;
}

/** A day as a half-open range of time. */
export function dayRange(day: number): TimeRange {
  return { start: dayStart(day), end: dayStart(day + 1) };
}

/** `2025-10-12` of a day. @throws {RangeError} for a day that no key has room for */
export function dayText(day: number): string {
  if (!Number.isInteger(day) || day < 0 || day >= DAYS) throw new RangeError(`not a day that can be stored: ${day}`);
  return new Date(dayStart(day)).toISOString().slice(0, 10);
}

/** The day that {@link dayText} wrote; null for any other text, also for one such as `2025-02-30`. */
export function parseDay(text: string): number | null {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return null;
  const day = dayOf(Date.parse(`${text}T00:00:00.000Z`));
  // Date.parse takes 2025-02-30 for 2 March.
  return day >= 0 && day < DAYS && dayText(day) === text ? day : null;
}
