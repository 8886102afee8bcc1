import { dayOf, dayText, parseDay } from "../domain/day.ts";
import { Problem } from "../domain/problem.ts";

/** Five years: the most that one request may name, in days. */
const MAX_DAYS = 5 * 365 + 2;

/** Days since 1970-01-01 UTC, both inclusive, as the dates of our API are. */
export interface DayRange {
  readonly first: number;
  readonly last: number;
}

/** How two dates of a request are called, for the errors. */
interface DateFields {
  readonly first: string;
  readonly last: string;
}

export const START_END: DateFields = { first: "start_date", last: "end_date" };
export const FROM_TO: DateFields = { first: "from", last: "to" };

export function dayCount(range: DayRange): number {
  return range.last - range.first + 1;
}

/**
 * Reads the dates of a request.
 * @param latest the last day that may be named
 * @throws {Problem} `invalid_request` or `span_too_long`, naming the field at fault
 */
export function dateRange(first: string, last: string, latest: number, fields: DateFields): DayRange {
  const range = { first: readDate(first, fields.first, latest), last: readDate(last, fields.last, latest) };
  if (range.first > range.last) {
    throw new Problem("invalid_request", `${fields.last}: ${last} is before ${fields.first} ${first}.`, fields.last);
  }
  if (dayCount(range) > MAX_DAYS) {
    const detail = `${fields.last}: ${dayCount(range)} days; a request may name at most five years (${MAX_DAYS} days).`;
    throw new Problem("span_too_long", detail, fields.last);
  }
  return range;
}

/**
 * Reads two dates that may both be absent: then the range begins with the first day there is, or ends with `latest`.
 * @throws {Problem} as {@link dateRange}
 */
export function openDateRange(
  first: string | undefined,
  last: string | undefined,
  latest: number,
  fields: DateFields,
): DayRange {
  if (first !== undefined && last !== undefined) return dateRange(first, last, latest, fields);
  return {
    first: first === undefined ? 0 : readDate(first, fields.first, latest),
    last: last === undefined ? latest : readDate(last, fields.last, latest),
  };
}

/** The last UTC day that has ended: a day that goes on cannot be complete. @param now epoch ms */
export function lastEndedDay(now: number): number {
  return dayOf(now) - 1;
}

function readDate(text: string, field: string, latest: number): number {
  const day = parseDay(text);
  if (day === null) {
    throw new Problem("invalid_request", `${field}: ${JSON.stringify(text)} is not a date such as 2024-01-31.`, field);
  }
  if (day > latest) {
    const detail = `${field}: ${text} is too late; the last UTC day that can be asked for is ${dayText(latest)}.`;
    throw new Problem("invalid_request", detail, field);
  }
  return day;
}
