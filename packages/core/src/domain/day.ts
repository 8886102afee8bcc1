import { HOUR_MS } from "./hour.ts";
import type { TimeRange } from "./time-range.ts";

/** Milliseconds in a UTC day. Epoch time has no leap seconds. */
export const DAY_MS = 86_400_000;

/** Seconds in a UTC day. */
export const DAY_S = DAY_MS / 1000;

/** Hours in a UTC day. */
export const HOURS_PER_DAY = DAY_MS / HOUR_MS;

/** Number of days that a stored key can hold: 1970-01-01 to 2149-06-06. */
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

/** Formats a day as `2025-10-12`. @throws {RangeError} for a day outside {@link DAYS} */
export function dayText(day: number): string {
  if (!Number.isInteger(day) || day < 0 || day >= DAYS)
    throw new RangeError(`day cannot be stored: found ${day}, expected a whole number from 0 to 65535`);
  return new Date(dayStart(day)).toISOString().slice(0, 10);
}

/** Parses the format of {@link dayText}; null for other texts, such as `2025-02-30`. */
export function parseDay(text: string): number | null {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return null;
  const day = dayOf(Date.parse(`${text}T00:00:00.000Z`));
  // Date.parse reads 2025-02-30 as 2 March.
  return day >= 0 && day < DAYS && dayText(day) === text ? day : null;
}
