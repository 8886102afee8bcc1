import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDay } from "../patterns/calendar.ts";
import { yearColumns, yearOf } from "./year-weeks.ts";

const DAY = 86_400_000;
const anyTime = fc.integer({ min: Date.UTC(2001, 0, 1), max: Date.UTC(2090, 0, 1) });

describe("the year of the calendar", () => {
  it("is 53 weeks of UTC days, starting on a Monday, up to today", () => {
    fc.assert(
      fc.property(anyTime, (now) => {
        const year = yearOf(now);
        expect(new Date(year.first * DAY).getUTCDay()).toBe(1);
        expect(formatDay(year.end - 1)).toBe(new Date(now).toISOString().slice(0, 10));
        const columns = yearColumns(year);
        expect(columns.length).toBe(53);
        expect(columns.slice(0, -1).every(({ dates }) => dates.length === 7)).toBe(true);
        const all = columns.flatMap(({ dates }) => dates);
        expect(all).toEqual(Array.from({ length: year.end - year.first }, (_, i) => formatDay(year.first + i)));
        // 12 months on any weekday
        expect(all.length).toBeGreaterThanOrEqual(365);
      }),
      { numRuns: 40 },
    );
  });

  it("changes at midnight UTC, on any local clock", () => {
    expect(yearOf(Date.UTC(2026, 11, 31, 23, 59)).end + 1).toBe(yearOf(Date.UTC(2027, 0, 1)).end);
  });

  it("names each month at its first day, also at a year's end and a leap day", () => {
    const columns = yearColumns(yearOf(Date.UTC(2028, 2, 15, 12)));
    const named = columns.flatMap(({ dates, month }) =>
      month === null ? [] : [`${month.name} ${month.year} ${dates[0]}`],
    );
    expect(named).toEqual([
      "Apr 2027 2027-03-29",
      "May 2027 2027-04-26",
      "Jun 2027 2027-05-31",
      "Jul 2027 2027-06-28",
      "Aug 2027 2027-07-26",
      "Sep 2027 2027-08-30",
      "Oct 2027 2027-09-27",
      "Nov 2027 2027-11-01",
      "Dec 2027 2027-11-29",
      "Jan 2028 2027-12-27",
      "Feb 2028 2028-01-31",
      "Mar 2028 2028-02-28",
    ]);
    expect(columns.flatMap(({ dates }) => dates)).toContain("2028-02-29");
  });

  it("leaves out a name that would overlap the next or the edge", () => {
    fc.assert(
      fc.property(anyTime, (now) => {
        const columns = yearColumns(yearOf(now));
        const at = columns.flatMap(({ month }, week) => (month === null ? [] : [week]));
        expect(at.every((week, i) => i === 0 || week - at[i - 1]! >= 3)).toBe(true);
        expect(at.at(-1)).toBeLessThan(52);
      }),
    );
  });
});
