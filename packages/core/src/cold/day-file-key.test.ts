import fc from "fast-check";
import { expect, test } from "vitest";
import { DAY_MS } from "../domain/day.ts";
import { dayFileKey, dayText, parseDay, parseDayFileKey } from "./day-file-key.ts";

const DAY = Date.UTC(2025, 9, 12);

test.each([
  ["ses_falls_city", "timeseries/2025/10/12/ses_falls_city.parquet"],
  ["a/b", "timeseries/2025/10/12/a%2Fb.parquet"],
  ["..", "timeseries/2025/10/12/%2E%2E.parquet"],
  ["Häuser 7%", "timeseries/2025/10/12/H%C3%A4user%207%25.parquet"],
  ["😀", "timeseries/2025/10/12/%F0%9F%98%80.parquet"],
])("the file of site %j is %s", (site, key) => {
  expect(dayFileKey(site, DAY)).toBe(key);
  expect(parseDayFileKey(key)).toEqual({ site, day: DAY });
});

test("every site and day has its own key, from which both come back", () => {
  const day = fc.integer({ min: 0, max: 100_000 }).map((n) => n * DAY_MS);
  const site = fc.string({ unit: "binary", minLength: 1, maxLength: 60 }).filter((name) => !name.startsWith("\uFEFF"));
  fc.assert(
    fc.property(site, day, (name, of) => {
      const key = dayFileKey(name, of);
      expect(key).toMatch(/^timeseries\/\d{4}\/\d\d\/\d\d\/[A-Za-z0-9_%-]+\.parquet$/);
      expect(parseDayFileKey(key)).toEqual({ site: name, day: of });
    }),
  );
});

test.each(["", "\uD800", "\uFEFFa", "x".repeat(1_100), "ä".repeat(200)])("the site %j has none", (site) => {
  expect(() => dayFileKey(site, DAY)).toThrow(RangeError);
});

test.each([DAY + 1, 0.5, Number.NaN, Infinity, 1e17, Date.UTC(10_000, 0, 1), -DAY_MS * 800_000])(
  "%d starts no day",
  (day) => {
    expect(() => dayText(day)).toThrow(RangeError);
  },
);

test.each([
  "timeseries/2025/10/12/a/b.parquet",
  "timeseries/2025/02/30/a.parquet",
  "timeseries/2025/13/01/a.parquet",
  "timeseries/2025/10/12/.parquet",
  "timeseries/2025/10/12/a%2fb.parquet",
  "timeseries/2025/10/12/%61.parquet",
  "timeseries/2025/10/12/%FF.parquet",
  "timeseries/2025/10/12/%.parquet",
  "timeseries/2025/10/12/a b.parquet",
  "timeseries/2025/10/12/a.parquet2",
  "staging/2025/10/12/a.parquet",
])("%s is no key of ours", (key) => {
  expect(parseDayFileKey(key)).toBeNull();
});

test.each(["2025-1-2", "2025-02-30", "", "20251012", "2025-10-12T00"])("%j is no day", (text) => {
  expect(parseDay(text)).toBeNull();
});
