import fc from "fast-check";
import { expect, test } from "vitest";
import { parseDay } from "../domain/day.ts";
import { dayFileKey, parseDayFileKey } from "./day-file-key.ts";

const DAY = parseDay("2025-10-12")!;

test.each([
  ["ses_falls_city", "timeseries/2025/10/12/ses_falls_city.parquet"],
  ["a/b", "timeseries/2025/10/12/a%2Fb.parquet"],
  ["..", "timeseries/2025/10/12/%2E%2E.parquet"],
  ["Häuser 7%", "timeseries/2025/10/12/H%C3%A4user%207%25.parquet"],
  ["😀", "timeseries/2025/10/12/%F0%9F%98%80.parquet"],
])("the file of site %j is %s", (site, key) => {
  expect(dayFileKey(site, DAY)).toBe(key);
});

test("every site and day has its own key, which parses back to both", () => {
  const day = fc.integer({ min: 0, max: 65_535 });
  const site = fc.string({ unit: "binary", minLength: 1, maxLength: 60 }).filter((name) => !name.startsWith("\uFEFF"));
  fc.assert(
    fc.property(site, day, (name, epochDay) => {
      const parts = /^timeseries\/(\d{4})\/(\d\d)\/(\d\d)\/([A-Za-z0-9_%-]+)\.parquet$/.exec(
        dayFileKey(name, epochDay),
      );
      const [, year, month, date, encoded] = parts ?? [];
      expect(parseDay(`${year}-${month}-${date}`)).toBe(epochDay);
      expect(decodeURIComponent(encoded!)).toBe(name);
      expect(parseDayFileKey(dayFileKey(name, epochDay))).toEqual({ site: name, day: epochDay });
    }),
  );
});

test.each(["", "\uD800", "\uFEFFa", "x".repeat(1_100), "ä".repeat(200)])("refuses the site %j", (site) => {
  expect(() => dayFileKey(site, DAY)).toThrow(RangeError);
});

test.each([-1, DAY + 0.5, 65_536, Number.NaN])("refuses the day %d", (day) => {
  expect(() => dayFileKey("a", day)).toThrow(RangeError);
});

test.each([
  "",
  "timeseries/2025/10/12/a",
  "timeseries/2025/10/12/.parquet",
  "timeseries/2025/10/12/a b.parquet",
  "timeseries/2025/10/12/a%2fb.parquet",
  "timeseries/2025/10/12/%61.parquet",
  "timeseries/2025/10/12/%FF.parquet",
  "timeseries/2025/10/12/%.parquet",
  "timeseries/2025/10/12/a/b.parquet",
  "timeseries/2025/02/30/a.parquet",
  "timeseries/2150/01/01/a.parquet",
  "timeseries/2025/10/a.parquet",
  "timeseries/2025/10/12.parquet",
  "staging/2025/10/12/a.parquet",
])("%j is no key of a day file", (key) => {
  expect(parseDayFileKey(key)).toBeNull();
});
