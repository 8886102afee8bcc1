import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  settled,
  DAY,
  FIRST,
  HOUR,
  hotDays,
  KATHMANDU,
  MINUTE,
  NOTHING,
  nameOf,
  pointDay,
  points,
  query,
  START,
  writtenDay,
} from "../../test/planned-query.ts";
import { AUTO_INTERVALS, BUCKET_MS, type Interval } from "../domain/interval.ts";
import { MAX_SPAN_DAYS, MAX_VALUES } from "../read/limits.ts";
import { planQuery } from "./plan.ts";
import type { PlanInput } from "./plan-input.ts";
import type { Stored } from "../read/stored.ts";

describe("auto chooses the finest interval that fits", () => {
  test.each<[string, PlanInput, Interval]>([
    ["an hour", query(HOUR), "raw"],
    ["2,000 samples", query(2000 * MINUTE), "raw"],
    ["a millisecond more", query(2000 * MINUTE + 1), "5min"],
    [
      "2,000 samples at an unknown cadence, assumed to be a minute",
      query(2000 * MINUTE, { points: points(1, null) }),
      "raw",
    ],
    ["a cadence of half a minute: 1min fits", query(1001 * MINUTE, { points: points(1, 30_000) }), "1min"],
    ["a slow point stays raw", query(6 * DAY, { points: points(1, 5 * MINUTE) }), "raw"],
    ["the fastest point decides", query(6 * DAY, { points: [...points(1, 5 * MINUTE), ...points(1)] }), "5min"],
    ["2,000 times five minutes", query(10_000 * MINUTE), "5min"],
    ["more", query(10_001 * MINUTE), "1hr"],
    ["2,000 hours", query(2000 * HOUR), "1hr"],
    ["2,001 hours", query(2001 * HOUR), "1day"],
    ["a small maxPoints", query(2 * DAY, { maxPoints: 2 }), "1day"],
    ["a maxPoints below every interval: the coarsest", query(2 * DAY, { maxPoints: 1 }), "1day"],
    ["a large maxPoints, but raw is limited to 31 days", query(32 * DAY, { maxPoints: 100_000 }), "5min"],
    ["a total above the limit of values", query(7 * DAY, { points: points(100), maxPoints: 20_000 }), "5min"],
  ])("%s", (_, input, interval) => {
    expect(planQuery(input)).toMatchObject({ interval, hours: [], cold: { requests: 0, bytes: 0, rows: 0 } });
  });

  test("no finer interval would have fitted", () => {
    const arbitrary = fc.record({
      length: fc.integer({ min: 1, max: 1830 * DAY }),
      cadences: fc.array(fc.option(fc.integer({ min: 1000, max: HOUR })), { minLength: 1, maxLength: 20 }),
      maxPoints: fc.integer({ min: 1, max: 100_000 }),
    });
    fc.assert(
      fc.property(arbitrary, ({ length, cadences, maxPoints }) => {
        const input = query(length, {
          points: cadences.map((cadenceMs, id) => ({ id, name: nameOf(id), unit: null, cadenceMs })),
          maxPoints,
        });
        const { interval } = planQuery(input);
        const chosen: readonly Interval[] = AUTO_INTERVALS;
        for (const finer of chosen.slice(0, chosen.indexOf(interval))) {
          const bucket = finer === "raw" ? 0 : BUCKET_MS[finer];
          const values = cadences.map((cadence) => length / Math.max(bucket, cadence ?? MINUTE));
          const isTooLong = length > MAX_SPAN_DAYS[finer] * DAY;
          const sum = values.reduce((total, value) => total + value, 0);
          expect(isTooLong || Math.max(...values) > maxPoints || sum > MAX_VALUES).toBe(true);
        }
      }),
    );
  });
});

describe("hours read from the hot level", () => {
  const stored = hotDays(START, START + DAY);
  test.each<[string, number, number, number]>([
    ["all stored hours", 0, DAY, 24],
    ["an hour", HOUR, 2 * HOUR, 1],
    ["a millisecond", HOUR, HOUR + 1, 1],
    ["a millisecond of two hours each", HOUR - 1, HOUR + 1, 2],
    ["no more than the stored hours", -DAY, 3 * DAY, 24],
    ["the stored part", -DAY, HOUR, 1],
    ["up to the first stored hour", -DAY, 0, 0],
    ["from the end of the stored hours", DAY, 2 * DAY, 0],
  ])("%s: [%i, %i)", (_, start, end, hours) => {
    const range = { start: START + start, end: START + end };
    const plan = planQuery({ ...query(1), points: points(3), range, interval: "1hr", stored });
    const first = Math.max(START, Math.floor(range.start / HOUR) * HOUR);
    expect(plan.hours).toEqual(Array.from({ length: hours }, (_one, i) => first + i * HOUR));
    expect(plan.blocks.flatMap((block) => block.points)).toEqual(points(3));
  });

  test("a late sample long ago does not make the time between look stored", () => {
    const hours = [START - 300 * DAY, START + HOUR];
    const range = { start: START - 301 * DAY, end: START + DAY };
    expect(planQuery({ ...query(1), range, stored: { ...NOTHING, hours, withoutRollups: hours } }).hours).toEqual(
      hours,
    );
  });
});

describe("reads of the cold level", () => {
  const files = (input: PlanInput) => planQuery(input).blocks.flatMap((block) => block.files);

  test("a request per row group, and one for neighbours, sorted by name", () => {
    const near = (id: number, day: number) => pointDay(id, day, { apart: 12_100 });
    const input = query(2 * DAY, { points: points(2).toReversed(), stored: settled(2, [1, 2], near) });
    expect(planQuery(input).cold).toEqual({ requests: 2, bytes: 2 * 24_100, rows: 46_080 });
    const far = query(2 * DAY, { points: points(2).toReversed(), stored: settled(2, [1, 2]) });
    expect(files(far).map(({ from, file, ranges }) => [from.day, file.etag, ranges.length])).toEqual([
      [FIRST, `e${FIRST}`, 2],
      [FIRST + 1, `e${FIRST + 1}`, 2],
    ]);
    expect(planQuery(far).cold).toEqual({ requests: 4, bytes: 48_000, rows: 46_080 });
  });

  test("nothing for other points, other days, or files without the point", () => {
    const input = (range: PlanInput["range"], stored: Stored) => ({ ...query(1), range, stored });
    const stored = settled(3, [1]);
    expect(files(input({ start: START + DAY - 1, end: START + DAY }, stored)).map(({ from }) => from.day)).toEqual([
      FIRST,
    ]);
    expect(files(input({ start: START + DAY, end: START + DAY + 1 }, stored)).map(({ from }) => from.day)).toEqual([
      FIRST + 1,
    ]);
    expect(files(query(3 * DAY, { stored: settled(3, [2]) }))).toEqual([]);
  });

  test("nothing of a suspect file", () => {
    const stored = { ...settled(2, [1]), days: [writtenDay(FIRST, { state: "suspect" }), writtenDay(FIRST + 1)] };
    expect(files(query(2 * DAY, { stored })).map(({ from }) => from.day)).toEqual([FIRST + 1]);
  });

  test("points with too many samples for memory are read one at a time", () => {
    const rich = (id: number, day: number) => {
      const base = pointDay(id, day);
      return { ...base, locator: { ...base.locator, rows: 86_400, group: { ...base.locator.group, rows: 90_000 } } };
    };
    const stored = settled(10, [1, 2, 3], rich);
    const { blocks } = planQuery(query(10 * DAY, { points: points(3), interval: "1hr", timeZone: KATHMANDU, stored }));
    expect(blocks.map((block) => block.points.map(({ id }) => id))).toEqual([[1], [2], [3]]);
  });
});

describe("an angle over a year at 1day", () => {
  const asked = (angles: number) => {
    const all = points(100).map((point) => ({ ...point, unit: point.id <= angles ? "°" : null }));
    const ids = all.map(({ id }) => id);
    return query(365 * DAY, { points: all, interval: "1day", stored: settled(365, ids) });
  };

  test("is read as samples; the other 99 points come from aggregates", () => {
    const plan = planQuery(asked(1));
    expect([plan.computedFrom, plan.hourly.length, plan.rollupDays]).toEqual(["hours", 99, 365]);
    expect(plan.blocks.flatMap((block) => block.points.map(({ id }) => id))).toEqual([1]);
    expect(plan.cold.requests).toBe(365);
  });

  test("two angles are refused with a suggestion", () => {
    expect(() => planQuery(asked(2))).toThrow(/needs 730 reads of the archive; at most 600 are allowed: ask for/);
  });
});
