import { DAY_S } from "../domain/day.ts";
import { HOUR_S } from "../domain/hour.ts";

/**
 * The upstream's times: ISO-8601, in UTC if they have no zone. `new Date("2025-10-12T14:50:36")` would read them as
 * local time. Stored times are truncated to milliseconds; paging needs microseconds.
 */

const SECOND_END = 19;

/** Numbers below this magnitude are epoch seconds (up to the year 5138), others are milliseconds (from 1973). */
const FIRST_MILLISECONDS = 1e11;

/** The largest distance from the epoch that a Date can hold, in milliseconds. */
const MAX_TIME_MS = 8.64e15;

function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48;
  const ones = text.charCodeAt(at + 1) - 48;
  // a position past the end gives NaN, and every comparison with NaN is false
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

function isDigitAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 48 && code <= 57;
}

/** Days from 1970-01-01 to an existing proleptic Gregorian date. */
function daysFromCivil(year: number, month: number, day: number): number {
  // years that begin in March have the leap day last, so that one formula gives a month's offset
  const shifted = month > 2 ? year : year - 1;
  const century = Math.floor(shifted / 100);
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  return 365 * shifted + Math.floor(shifted / 4) - century + Math.floor(century / 4) + dayOfYear - 719_468;
}

function daysInMonth(year: number, month: number): number {
  if (month !== 2) return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
}

/** The UTC offset in milliseconds of the zone suffix at `at`. No suffix is UTC; an unknown one gives NaN. */
function zoneOffset(text: string, at: number): number {
  if (at === text.length) return 0;
  const sign = text[at];
  if (sign === "Z") return text.length === at + 1 ? 0 : Number.NaN;
  if ((sign !== "+" && sign !== "-") || text.length !== at + 6 || text[at + 3] !== ":") return Number.NaN;
  const hours = twoDigits(text, at + 1);
  const minutes = twoDigits(text, at + 4);
  if (!(hours <= 23 && minutes <= 59)) return Number.NaN;
  return (hours * 60 + minutes) * (sign === "+" ? 60_000 : -60_000);
}

/**
 * Parses `YYYY-MM-DDThh:mm:ss` to epoch milliseconds. Accepts a space instead of `T`, up to 9 fractional digits, and
 * then `Z`, `+hh:mm`, `-hh:mm` or nothing (UTC). Digits beyond the millisecond are dropped.
 *
 * @returns NaN for anything else, also for dates that do not exist, hour 24 and second 60
 */
export function parseTime(text: string): number {
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2);
  const month = twoDigits(text, 5);
  const day = twoDigits(text, 8);
  const hour = twoDigits(text, 11);
  const minute = twoDigits(text, 14);
  const second = twoDigits(text, 17);
  const separator = text.charCodeAt(10);
  const shaped =
    text.charCodeAt(4) === 45 &&
    text.charCodeAt(7) === 45 &&
    (separator === 84 || separator === 32) &&
    text.charCodeAt(13) === 58 &&
    text.charCodeAt(16) === 58;
  if (!shaped || !(year >= 0 && month >= 1 && month <= 12 && hour <= 23 && minute <= 59 && second <= 59)) {
    return Number.NaN;
  }
  if (!(day >= 1 && day <= daysInMonth(year, month))) return Number.NaN;

  let millisecond = 0;
  let end = SECOND_END;
  if (text.charCodeAt(end) === 46) {
    end++;
    for (let weight = 100; isDigitAt(text, end); end++, weight = Math.floor(weight / 10)) {
      millisecond += (text.charCodeAt(end) - 48) * weight;
    }
    const digits = end - SECOND_END - 1;
    if (digits < 1 || digits > 9) return Number.NaN;
  }
  const seconds = daysFromCivil(year, month, day) * DAY_S + hour * HOUR_S + minute * 60 + second;
  return seconds * 1000 + millisecond - zoneOffset(text, end);
}

/**
 * Converts a numeric time of the older envelope to epoch milliseconds: 1e11 and above is milliseconds, below is
 * seconds. Fractions of a millisecond are dropped.
 *
 * @returns NaN if a Date cannot hold it
 */
export function numericTime(time: number): number {
  // rounds to whole microseconds first, because 1697123456.789 * 1000 is not exact
  const milliseconds = Math.abs(time) < FIRST_MILLISECONDS ? Math.round(time * 1e6) / 1000 : time;
  return Math.abs(milliseconds) <= MAX_TIME_MS ? Math.floor(milliseconds) : Number.NaN;
}

/** The microseconds within the second, 0 to 999,999, of a text that {@link parseTime} accepts. */
function microsecondOf(text: string): number {
  let micros = 0;
  if (text.charCodeAt(SECOND_END) !== 46) return micros;
  const first = SECOND_END + 1;
  for (let at = first, weight = 100_000; at < first + 6 && isDigitAt(text, at); at++, weight /= 10) {
    micros += (text.charCodeAt(at) - 48) * weight;
  }
  return micros;
}

/** Whether two texts denote the same microsecond. False if either is not a time. */
export function sameMicrosecond(a: string, b: string): boolean {
  const time = parseTime(a);
  // NaN is not equal to itself
  return time === parseTime(b) && microsecondOf(a) === microsecondOf(b);
}
