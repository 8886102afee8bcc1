import { dayOf, dayText, parseDay } from "../domain/day.ts";
import { Problem } from "../domain/problem.ts";

/** The maximum days of a request: five years with two leap days. */
const MAX_DAYS = 5 * 365 + 2;

/** Days since 1970-01-01 UTC, both inclusive, like the dates of the API. */
export interface DayRange {
  readonly first: number;
  readonly last: number;
}

/** Names of a request's two date fields, used in errors. */
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
 * Parses the dates of a request.
 * @param latest the last day allowed
 * @throws {Problem} `invalid_request` or `span_too_long`, with the field at fault
 */
export function dateRange(first: string, last: string, latest: number, fields: DateFields): DayRange {
  const range = { first: readDate(first, fields.first, latest), last: readDate(last, fields.last, latest) };
  if (range.first > range.last) {
    throw new Problem("invalid_request", `${fields.last}: ${last} is before ${fields.first} ${first}.`, fields.last);
  }
  if (dayCount(range) > MAX_DAYS) {
    const detail = `${fields.last}: ${dayCount(range)} days requested; at most five years (${MAX_DAYS} days) are allowed.`;
    throw new Problem("span_too_long", detail, fields.last);
  }
  return range;
}

/**
 * Parses two optional dates. Without `first` the range begins at day 0, without `last` it ends at `latest`.
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

/** The last UTC day that has ended; the current day cannot be complete. @param now epoch ms */
export function lastEndedDay(now: number): number {
  return dayOf(now) - 1;
}

function readDate(text: string, field: string, latest: number): number {
  const day = parseDay(text);
  if (day === null) {
    throw new Problem("invalid_request", `${field}: ${JSON.stringify(text)} is not a date such as 2024-01-31.`, field);
  }
  if (day > latest) {
    const detail = `${field}: ${text} is too late; the last UTC day allowed is ${dayText(latest)}.`;
    throw new Problem("invalid_request", detail, field);
  }
  return day;
}
