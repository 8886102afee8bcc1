import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { breaksBefore, commonGaps, gapsOf, longestStep } from "./gaps.ts";
import type { ChartSeries } from "./series.ts";

const MINUTE = 60_000;

function series(times: readonly number[], rest: Partial<ChartSeries> = {}): ChartSeries {
  return { name: "a", unit: null, times, values: times, min: null, max: null, counts: null, bucketMs: 0, ...rest };
}
const minutes = (...list: number[]) => list.map((minute) => minute * MINUTE);

describe("gaps", () => {
  it("are longer than the point's tolerance, known or estimated", () => {
    const shown = series(minutes(0, 1, 2, 5, 6, 9.1));
    for (const gapAfter of [3 * MINUTE, undefined]) {
      const longest = longestStep(shown, gapAfter);
      expect(longest).toBe(3 * MINUTE);
      expect([1, 2, 3, 4, 5].map((i) => breaksBefore(shown, i, longest))).toEqual([false, false, false, false, true]);
    }
  });

  it("of buckets are missing buckets, unless the point is slower than they", () => {
    const shown = series(minutes(0, 5, 15, 20), { bucketMs: 5 * MINUTE });
    expect(breaksBefore(shown, 2, longestStep(shown, 3 * MINUTE))).toBe(true);
    expect(breaksBefore(shown, 2, longestStep(shown, 30 * MINUTE))).toBe(false);
  });

  it("are not drawn for a point without a known tolerance", () => {
    const shown = series(minutes(0, 1, 2, 3, 300));
    expect(gapsOf(shown, longestStep(shown, null), 0, 600 * MINUTE)).toEqual([]);
  });

  it("do not occur in a day of 25 hours", () => {
    const day = 1440 * MINUTE;
    const shown = series([0, day, 2 * day + 60 * MINUTE, 4 * day + 60 * MINUTE], { bucketMs: day });
    expect([1, 2, 3].map((i) => breaksBefore(shown, i, longestStep(shown, 3 * MINUTE)))).toEqual([false, false, true]);
  });

  it("do not occur where samples were thinned out", () => {
    const shown = series(minutes(0, 30, 60), { counts: [1, 30, 1] });
    expect([1, 2].map((i) => breaksBefore(shown, i, 3 * MINUTE))).toEqual([false, true]);
  });

  it("reach to the ends of the range", () => {
    expect(gapsOf(series(minutes(10, 11, 20, 21)), 3 * MINUTE, 0, 60 * MINUTE)).toEqual([
      minutes(0, 10),
      minutes(11, 20),
      minutes(21, 60),
    ]);
    expect(gapsOf(series([]), 3 * MINUTE, 0, MINUTE * 60)).toEqual([minutes(0, 60)]);
    expect(gapsOf(series(minutes(1, 2, 3)), 3 * MINUTE, 0, 4 * MINUTE)).toEqual([]);
    const hours = series(minutes(0, 60, 180), { bucketMs: 60 * MINUTE });
    expect(gapsOf(hours, 66 * MINUTE, 0, 240 * MINUTE)).toEqual([minutes(120, 180)]);
  });

  it("common to all series are the minutes without a sample of any series", () => {
    const gaps = fc
      .uniqueArray(fc.integer({ min: 0, max: 30 }), { maxLength: 8 })
      .map((bounds) => bounds.sort((a, b) => a - b))
      .map((bounds) =>
        bounds.flatMap((from, i) =>
          i % 2 === 0 && bounds[i + 1] !== undefined ? [[from, bounds[i + 1]!] as const] : [],
        ),
      );
    fc.assert(
      fc.property(fc.array(gaps, { minLength: 1, maxLength: 4 }), (lists) => {
        const within = (list: readonly (readonly [number, number])[], at: number) =>
          list.some(([from, to]) => from <= at && at < to);
        const common = commonGaps(lists);
        for (let at = 0; at < 30; at++) expect(within(common, at)).toBe(lists.every((list) => within(list, at)));
      }),
    );
    expect(commonGaps([])).toEqual([]);
  });
});
