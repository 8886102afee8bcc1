import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bucketBounds } from "./buckets.ts";
import { breakAtGaps, type Carried, fillBuckets, type FillableSeries, longSteps } from "./fill.ts";

const NEVER = Number.POSITIVE_INFINITY;
const HOUR = 3_600_000;

/** Buckets with the bounds 0, 10, 20, …, given as [start, value]. */
function buckets(...rows: readonly (readonly [number, number])[]): FillableSeries {
  return {
    times: Float64Array.from(rows, ([time]) => time),
    values: Float64Array.from(rows, ([, value]) => value),
    min: Float64Array.from(rows, ([, value]) => value - 1),
    max: Float64Array.from(rows, ([, value]) => value + 1),
    count: Int32Array.from(rows, () => 2),
  };
}
const TENS = Float64Array.from({ length: 11 }, (_, i) => i * 10);

test.each([
  ["null", [Number.NaN, Number.NaN, Number.NaN]],
  ["linear", [5, 6, 7]],
] as const)("%s: fills between the first and the last bucket, with a flag", (fill, values) => {
  const filled = fillBuckets(buckets([20, 4], [60, 8], [70, 9]), TENS, fill, NEVER);
  expect(Array.from(filled.times)).toEqual([20, 30, 40, 50, 60, 70]);
  expect(Array.from(filled.values)).toEqual([4, ...values, 8, 9]);
  expect(Array.from(filled.filled)).toEqual([0, 1, 1, 1, 0, 0]);
  expect(Array.from(filled.count!)).toEqual([2, 0, 0, 0, 2, 2]);
  expect(Array.from(filled.min!)).toEqual([3, Number.NaN, Number.NaN, Number.NaN, 7, 8]);
  expect(Array.from(filled.max!)).toEqual([5, Number.NaN, Number.NaN, Number.NaN, 9, 10]);
});

test.each(["null", "linear"] as const)("%s: fills nothing with fewer than two buckets", (fill) => {
  for (const series of [buckets(), buckets([30, 1])]) {
    const filled = fillBuckets(series, TENS, fill, NEVER);
    expect(filled.times).toEqual(series.times);
    expect(filled.filled).toEqual(new Uint8Array(series.times.length));
  }
});

describe("locf", () => {
  const locf = (series: FillableSeries & Carried, until = NEVER) => {
    const { times, values, filled } = fillBuckets(series, TENS, "locf", until);
    return Array.from(times, (time, i) => [time, values[i], filled[i]]);
  };

  test("carries the value before the range in, and the last one to the end", () => {
    expect(locf({ ...buckets([20, 4], [80, 8]), before: 1 })).toEqual([
      [0, 1, 1],
      [10, 1, 1],
      [20, 4, 0],
      ...[30, 40, 50, 60, 70].map((time) => [time, 4, 1]),
      [80, 8, 0],
      [90, 8, 1],
    ]);
  });

  test("fills a range without samples only from an earlier sample", () => {
    expect(locf({ ...buckets(), before: -0 })).toEqual(Array.from({ length: 10 }, (_, i) => [i * 10, -0, 1]));
    expect(locf(buckets())).toEqual([]);
  });

  test("carries a bucket's last sample if known, else its value", () => {
    expect(locf({ ...buckets([70, 4]), last: Float64Array.of(9) })).toEqual([
      [70, 4, 0],
      [80, 9, 1],
      [90, 9, 1],
    ]);
  });

  test("leaves out buckets whose samples may still arrive", () => {
    const times = (until: number) => locf({ ...buckets([0, 1], [50, 2]), before: 3 }, until).map(([time]) => time);
    expect(times(0)).toEqual([0, 50]);
    expect(times(29)).toEqual([0, 10, 50]);
    expect(times(30)).toEqual([0, 10, 20, 50]);
    expect(times(80)).toEqual([0, 10, 20, 30, 40, 50, 60, 70]);
  });
});

test("linear uses true time: a day of 25 hours gets a 25th more", () => {
  // Clocks in Chicago went back on 2 November 2025.
  const start = Date.parse("2025-11-01T05:00:00Z");
  const bounds = bucketBounds({ start, end: start + 97 * HOUR }, "1day", "America/Chicago");
  expect(Array.from(bounds, (time) => (time - start) / HOUR)).toEqual([0, 24, 49, 73, 97]);
  const series = { times: Float64Array.of(bounds[0]!, bounds[3]!), values: Float64Array.of(0, 73) };
  expect(Array.from(fillBuckets(series, bounds, "linear", NEVER).values)).toEqual([0, 24, 49, 73]);
});

test("keeps values exactly, and a line between its two values", () => {
  const value = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom(-0, 5e-324, Number.MAX_VALUE, -Number.MAX_VALUE),
  );
  const rows = fc
    .uniqueArray(fc.tuple(fc.integer({ min: 0, max: 40 }), value), { selector: ([place]) => place, maxLength: 20 })
    .map((all) => all.toSorted(([a], [b]) => a - b));
  fc.assert(
    fc.property(
      rows,
      fc.constantFrom("null", "locf", "linear"),
      fc.integer({ min: -5, max: 60 }),
      (all, fill, until) => {
        const bounds = Float64Array.from({ length: 42 }, (_, i) => i);
        const series = {
          times: Float64Array.from(all, ([time]) => time),
          values: Float64Array.from(all, ([, drawn]) => drawn),
        };
        const filled = fillBuckets(series, bounds, fill, until);
        const unfilled = (column: Float64Array) => column.filter((_, i) => filled.filled[i] === 0);
        expect(unfilled(filled.times)).toEqual(series.times);
        expect(unfilled(filled.values)).toEqual(series.values);
        const first = all[0]?.[0] ?? 0;
        const last = fill === "locf" && all.length > 0 ? 40 : (all.at(-1)?.[0] ?? -1);
        const known = new Map(all);
        const expected = Array.from({ length: last - first + 1 }, (_, i) => first + i).filter(
          (time) => known.has(time) || time + 1 <= until,
        );
        expect(Array.from(filled.times)).toEqual(expected);
        for (const [i, time] of filled.times.entries()) {
          if (filled.filled[i] === 0) continue;
          const before = all.findLast(([other]) => other < time)![1];
          const it = filled.values[i]!;
          if (fill === "null") expect(it).toBeNaN();
          else if (fill === "locf") expect(it).toBe(before);
          else {
            const after = all.find(([other]) => other > time)![1];
            expect(it >= Math.min(before, after) && it <= Math.max(before, after)).toBe(true);
          }
        }
      },
    ),
  );
});

describe("raw: a line breaks at gaps", () => {
  const times = Float64Array.of(0, 60, 120, 301, 361, 1000);

  test("gaps are longer than the limit", () => {
    expect(longSteps(times, 180)).toEqual([
      { start: 120, end: 301 },
      { start: 361, end: 1000 },
    ]);
    expect(longSteps(times, 181)).toEqual([{ start: 361, end: 1000 }]);
    expect(longSteps(times, null)).toEqual([]);
  });

  test("puts one empty value into the middle of each gap", () => {
    const broken = breakAtGaps({ times, values: times }, longSteps(times, 180));
    expect(Array.from(broken.times)).toEqual([0, 60, 120, 210, 301, 361, 680, 1000]);
    expect(Array.from(broken.values)).toEqual([0, 60, 120, Number.NaN, 301, 361, Number.NaN, 1000]);
    expect(Array.from(broken.filled)).toEqual([0, 0, 0, 1, 0, 0, 1, 0]);
    expect(broken.count).toBeUndefined();
  });

  test("does not break where an end of the gap was thinned out", () => {
    const kept = Float64Array.of(0, 120, 361, 1000);
    const broken = breakAtGaps({ times: kept, values: kept }, longSteps(times, 180));
    expect(Array.from(broken.times)).toEqual([0, 120, 361, 680, 1000]);
  });
});
