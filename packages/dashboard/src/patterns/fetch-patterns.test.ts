import { expect, it } from "vitest";
import { histogramInterval, rangeOfDays } from "./fetch-patterns.ts";
import { parseDay } from "./calendar.ts";

const DAY = 86_400_000;

it("values are samples while the API returns them, then ever longer means", () => {
  expect(histogramInterval(31 * DAY, 60_000)).toBe("raw");
  // a month in which the clock goes back is an hour longer
  expect(histogramInterval(31 * DAY + 3_600_000, 60_000)).toBe("5min");
  // a sample each ten seconds would be 267,840
  expect(histogramInterval(31 * DAY, 10_000)).toBe("5min");
  expect(histogramInterval(31 * DAY, null)).toBe("raw");
  expect(histogramInterval(100 * DAY, 60_000)).toBe("5min");
  expect(histogramInterval(365 * DAY, 60_000)).toBe("1hr");
});

it("local days are [start, end), also where the clock changes", () => {
  const range = (first: string, last: string) =>
    rangeOfDays("America/Chicago", { first: parseDay(first)!, last: parseDay(last)! });
  expect(range("2026-11-01", "2026-11-01")).toEqual({
    start: Date.parse("2026-11-01T05:00:00Z"),
    end: Date.parse("2026-11-02T06:00:00Z"),
  });
});
