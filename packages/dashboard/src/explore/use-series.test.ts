import { expect, it } from "vitest";
import type { TimeseriesQuery } from "../api/timeseries.ts";
import { type Answered, bestOf, hasMovedOn } from "./use-series.ts";

const asked: TimeseriesQuery = { site: "s", points: ["a", "b"], start: 100, end: 200, units: "source", maxPoints: 10 };
function answered(query: Partial<TimeseriesQuery>): Answered {
  const metadata = {
    computed_from: "samples",
    total_samples: 0,
    sources: [],
    completeness: null,
    missing: [],
    pending: null,
    downsampled: null,
    unknown_points: [],
    unjudged_points: [],
    partial: false,
    cache_hit: false,
    query_time_ms: 0,
  };
  return { query: { ...asked, ...query }, answer: { interval: "raw", series: [], metadata } };
}

it("shows the answer with most of the range and points, and the finest of those", () => {
  const year = answered({ start: 0, end: 1000 });
  const week = answered({ start: 50, end: 250 });
  const half = answered({ start: 150, end: 300 });
  const one = answered({ points: ["a"] });
  expect(bestOf([half, year, week, one], asked)).toBe(week);
  expect(bestOf([half, one, year], asked)).toBe(year);
  expect(bestOf([half], asked)).toBe(half);
});

it("shows no answer of other sites, units, points or times", () => {
  const others = [{ site: "t" }, { units: "metric" }, { points: ["c"] }, { start: 200, end: 300 }].map(answered);
  expect(bestOf(others, asked)).toBeUndefined();
});

it("keeps an answer for a live range that moved on by a moment", () => {
  const later = (ms: number, rest: Partial<TimeseriesQuery> = {}) =>
    hasMovedOn(asked, { ...asked, start: asked.start + ms, end: asked.end + ms, ...rest });
  expect([0, 60_000, 180_000].map((ms) => later(ms))).toEqual([true, true, true]);
  // After a night in the background the answer is outdated.
  expect([-60_000, 180_001, 3_600_000].map((ms) => later(ms))).toEqual([false, false, false]);
  const others = [{ site: "t" }, { units: "metric" }, { points: ["a"] }, { maxPoints: 9 }, { start: 100 }];
  expect(others.map((other) => later(60_000, other))).toEqual(others.map(() => false));
});
