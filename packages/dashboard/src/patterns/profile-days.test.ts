import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ChartSeries } from "../chart/series.ts";
import { parseDay } from "./calendar.ts";
import { clockText, dayRuns, profileDay, SLOT_MS, SLOTS, spreadOf } from "./profile-days.ts";
import { zonedDayStart } from "./hour-slots.ts";
import { quantile } from "./quantiles.ts";

const ZONE = "America/Chicago";

function series(times: readonly number[], values: readonly number[], counts: readonly number[] | null): ChartSeries {
  return { name: "a", unit: null, times, values, min: null, max: null, counts, bucketMs: SLOT_MS };
}

/** Five-minute buckets from a day's start to the next one's; the value of each is its index. */
function wholeDay(date: string) {
  const day = parseDay(date)!;
  const [start, end] = [zonedDayStart(ZONE, day), zonedDayStart(ZONE, day + 1)];
  const times = Array.from({ length: (end - start) / SLOT_MS }, (_, i) => start + i * SLOT_MS);
  return { day, times, values: times.map((_, i) => i) };
}

describe("a day by its clock's time", () => {
  it("has each five minutes at their place, and nothing of other days", () => {
    const { day, times, values } = wholeDay("2026-11-03");
    const around = [times[0]! - SLOT_MS, ...times, times.at(-1)! + SLOT_MS];
    expect(profileDay(ZONE, day, series(around, [-1, ...values, -1], null)).values).toEqual(values);
  });

  it("is empty where the clock goes forward", () => {
    const { day, times, values } = wholeDay("2026-03-08");
    const profile = profileDay(ZONE, day, series(times, values, null)).values;
    expect(profile.slice(22, 26)).toEqual([22, 23, null, null]);
    expect(profile.slice(34, 38)).toEqual([null, null, 24, 25]);
  });

  it("is the mean of all samples at a repeated time", () => {
    const { day, times, values } = wholeDay("2026-11-01");
    const counts = times.map((_, i) => (i < 24 ? 1 : 3));
    const profile = profileDay(ZONE, day, series(times, values, counts)).values;
    expect(profile[12]).toBe((12 * 1 + 24 * 3) / 4);
    expect(profile[24]).toBe(36);
    expect(profile).toHaveLength(SLOTS);
  });
});

it("the spread at a time needs values of at least three days", () => {
  const value = fc.option(fc.integer({ min: -100, max: 100 }));
  fc.assert(
    fc.property(fc.array(fc.tuple(value, value), { maxLength: 12 }), (pairs) => {
      const days = pairs.map(([first, second], day) => ({
        day,
        values: [first, second, ...Array.from({ length: SLOTS - 2 }, () => null)],
      }));
      const { median, p10, p90 } = spreadOf(days);
      for (const slot of [0, 1, 2]) {
        const known = days.map(({ values }) => values[slot]).filter((one) => typeof one === "number");
        const sorted = known.sort((a, b) => a - b);
        const right = (share: number) => (sorted.length < 3 ? null : quantile(sorted, share));
        expect([median[slot], p10[slot], p90[slot]]).toEqual([right(0.5), right(0.1), right(0.9)]);
      }
    }),
  );
});

it("consecutive days are one run", () => {
  expect(dayRuns([3, 4, 5, 9, 16, 17])).toEqual([
    { first: 3, last: 5 },
    { first: 9, last: 9 },
    { first: 16, last: 17 },
  ]);
  expect(dayRuns([])).toEqual([]);
});

it("a time of the day uses its clock", () => {
  expect([0, 1, 12, SLOTS - 1].map(clockText)).toEqual(["00:00", "00:05", "01:00", "23:55"]);
});
