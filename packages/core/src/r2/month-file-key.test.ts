import fc from "fast-check";
import { expect, test } from "vitest";
import { MONTHS, parseMonth } from "../domain/month.ts";
import { parseDayFileKey } from "./day-file-key.ts";
import { monthFileKey, parseMonthFileKey } from "./month-file-key.ts";

const MONTH = parseMonth("2025-10")!;

test.each([
  ["ses_falls_city", "timeseries/2025/10/ses_falls_city.parquet"],
  ["12", "timeseries/2025/10/12.parquet"],
  ["a/b", "timeseries/2025/10/a%2Fb.parquet"],
  ["😀", "timeseries/2025/10/%F0%9F%98%80.parquet"],
])("the month file of site %j is %s", (site, key) => {
  expect(monthFileKey(site, MONTH)).toBe(key);
});

test("every site and month has its own key, unlike any day's", () => {
  const month = fc.integer({ min: 0, max: 2_152 });
  const site = fc.string({ unit: "binary", minLength: 1, maxLength: 60 }).filter((name) => !name.startsWith("\uFEFF"));
  fc.assert(
    fc.property(site, month, (name, epochMonth) => {
      const key = monthFileKey(name, epochMonth);
      expect(parseMonthFileKey(key)).toEqual({ site: name, month: epochMonth });
      expect(parseDayFileKey(key)).toBeNull();
    }),
  );
});

test.each(["", "\uD800", "\uFEFFa", "x".repeat(1_100)])("refuses the site %j", (site) => {
  expect(() => monthFileKey(site, MONTH)).toThrow(RangeError);
});

test.each([-1, MONTH + 0.5, MONTHS, Number.NaN])("refuses the month %d", (month) => {
  expect(() => monthFileKey("a", month)).toThrow(RangeError);
});

test.each([
  "",
  "timeseries/2025/10/a",
  "timeseries/2025/10/.parquet",
  "timeseries/2025/10/a b.parquet",
  "timeseries/2025/10/%61.parquet",
  "timeseries/2025/10/%FF.parquet",
  "timeseries/2025/10/12/a.parquet",
  "timeseries/2025/13/a.parquet",
  "timeseries/2150/01/a.parquet",
  "staging/2025/10/a.parquet",
])("%j is no key of a month file", (key) => {
  expect(parseMonthFileKey(key)).toBeNull();
});
