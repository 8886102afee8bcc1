import fc from "fast-check";
import { expect, test } from "vitest";
import { DAYS, dayText, parseDay } from "./day.ts";
import { monthDays, monthOf, MONTHS, monthText, parseMonth } from "./month.ts";

test.each([
  ["1970-01", 0],
  ["1970-02", 1],
  ["2024-02", 649],
  ["2025-10", 669],
  ["2149-05", 2_152],
])("%s is month %i", (text, month) => {
  expect(parseMonth(text)).toBe(month);
  expect(monthText(month)).toBe(text);
  expect(monthOf(parseDay(`${text}-01`)!)).toBe(month);
});

test.each([
  ["month 13", "2025-13"],
  ["month 0", "2025-00"],
  ["before the first month", "1969-12"],
  ["a month that is not storable as a whole", "2149-06"],
  ["no padding", "2025-1"],
  ["a day", "2025-01-01"],
  ["a line break", "2025-01\n"],
  ["nothing", ""],
])("%s is not a month", (_, text) => {
  expect(parseMonth(text)).toBeNull();
});

test.each([-1, 2_153, 0.5, Number.NaN])("%d has no text", (month) => {
  expect(() => monthText(month)).toThrow(RangeError);
});

test("a month holds exactly its days", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: DAYS - 1 }), (day) => {
      const month = monthOf(day);
      const { first, end } = monthDays(month);
      expect(month).toBeLessThan(MONTHS);
      expect(first <= day && day < end).toBe(true);
      expect(dayText(first).slice(8)).toBe("01");
      expect(dayText(day).slice(0, 7)).toBe(dayText(first).slice(0, 7));
      expect([monthOf(first - 1), monthOf(end)]).toEqual([month - 1, month + 1]);
    }),
  );
});
