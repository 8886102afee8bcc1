import fc from "fast-check";
import { expect, test } from "vitest";
import { DAY_MS, dayOf, dayRange, dayStart, dayText, parseDay } from "./day.ts";

test.each([
  ["1970-01-01", 0],
  ["1970-01-02", 1],
  ["2024-02-29", 19_782],
  ["2025-10-12", 20_373],
  ["2149-06-06", 65_535],
])("%s is day %i", (text, day) => {
  expect(parseDay(text)).toBe(day);
  expect(dayText(day)).toBe(text);
});

test.each([
  ["a day that the month lacks", "2025-02-30"],
  ["29 February of a common year", "2025-02-29"],
  ["month 13", "2025-13-01"],
  ["day 0", "2025-01-00"],
  ["before the first day", "1969-12-31"],
  ["after the last day", "2149-06-07"],
  ["no padding", "2025-1-1"],
  ["a time", "2025-01-01T00:00:00Z"],
  ["a space", " 2025-01-01"],
  ["a line break", "2025-01-01\n"],
  ["other digits", "２０２５-01-01"],
  ["nothing", ""],
])("%s is not a day", (_, text) => {
  expect(parseDay(text)).toBeNull();
});

test.each([-1, 65_536, 0.5, Number.NaN, Infinity])("%d has no text", (day) => {
  expect(() => dayText(day)).toThrow(RangeError);
});

test("a day holds exactly the times of its range", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 65_535 }), fc.integer({ min: 0, max: DAY_MS - 1 }), (day, offset) => {
      expect(parseDay(dayText(day))).toBe(day);
      expect(dayOf(dayStart(day) + offset)).toBe(day);
      const { start, end } = dayRange(day);
      expect([dayOf(start - 1), dayOf(start), dayOf(end - 1), dayOf(end)]).toEqual([day - 1, day, day, day + 1]);
      expect(new Date(start).toISOString()).toBe(`${dayText(day)}T00:00:00.000Z`);
    }),
  );
});
