import { dayOf, DAYS, dayStart } from "./day.ts";

/** Number of months that a stored key can hold: more than {@link DAYS}. */
export const MONTHS = 2 ** 12;

/** The UTC month that holds a day, as whole months since January 1970. @param day whole days since 1970-01-01 */
export function monthOf(day: number): number {
  const date = new Date(dayStart(day));
  return (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth();
}

/** The first day of a month and of the next one: whole days since 1970-01-01, half-open. */
export function monthDays(month: number): { readonly first: number; readonly end: number } {
  return { first: firstDay(month), end: firstDay(month + 1) };
}

function firstDay(month: number): number {
  return dayOf(Date.UTC(1970, month, 1));
}

/** Formats a month as `2025-10`. @throws {RangeError} for a month with a day that cannot be stored */
export function monthText(month: number): string {
  if (!Number.isInteger(month) || month < 0 || firstDay(month + 1) > DAYS) {
    throw new RangeError(`month cannot be stored: found ${month}`);
  }
  return new Date(dayStart(firstDay(month))).toISOString().slice(0, 7);
}

/** Parses the format of {@link monthText}; null for other texts. */
export function parseMonth(text: string): number | null {
  const [, year, number] = /^(\d{4})-(\d\d)$/.exec(text) ?? [];
  const month = (Number(year) - 1970) * 12 + Number(number) - 1;
  const isStorable = Number.isInteger(month) && month >= 0 && firstDay(month + 1) <= DAYS;
  return isStorable && monthText(month) === text ? month : null;
}
