import fc from "fast-check";
import { expect, test } from "vitest";
import { EMPTY_SERIES, type Series } from "../domain/samples.ts";
import { bucketSeries } from "./buckets.ts";

const BOUNDS = Float64Array.of(0, 100, 200, 300);

const seriesOf = (samples: readonly (readonly [number, number])[]): Series => ({
  times: Float64Array.from(samples, ([time]) => time),
  values: Float64Array.from(samples, ([, value]) => value),
});

/** One row per bucket. In arrays toEqual distinguishes -0 from 0. */
function rowsOf(series: Series, bounds: Float64Array) {
  const { times, values, min, max, count } = bucketSeries(series, bounds);
  expect([values.length, min.length, max.length, count.length]).toEqual(Array(4).fill(times.length));
  return Array.from(times, (time, i) => ({ time, mean: values[i], min: min[i], max: max[i], count: count[i] }));
}

test.each<[string, [number, number][], object[]]>([
  ["nothing", [], []],
  ["one sample at the first bound", [[0, 7]], [{ time: 0, mean: 7, min: 7, max: 7, count: 1 }]],
  ["one sample before the last bound", [[299, 7]], [{ time: 200, mean: 7, min: 7, max: 7, count: 1 }]],
  [
    "a bound belongs to the bucket that it begins, and empty buckets are absent",
    [
      [99, 1],
      [200, 2],
      [201, 4],
    ],
    [
      { time: 0, mean: 1, min: 1, max: 1, count: 1 },
      { time: 200, mean: 3, min: 2, max: 4, count: 2 },
    ],
  ],
  [
    "-0 alone stays -0",
    [
      [0, -0],
      [1, -0],
    ],
    [{ time: 0, mean: -0, min: -0, max: -0, count: 2 }],
  ],
  [
    "-0 is less than 0",
    [
      [0, 0],
      [1, -0],
    ],
    [{ time: 0, mean: 0, min: -0, max: 0, count: 2 }],
  ],
  [
    "equal values have that mean, despite rounding of their sum",
    [
      [0, 0.1],
      [1, 0.1],
      [2, 0.1],
    ],
    [{ time: 0, mean: 0.1, min: 0.1, max: 0.1, count: 3 }],
  ],
  [
    "a sum above the largest double",
    [
      [0, Number.MAX_VALUE],
      [1, Number.MAX_VALUE],
      [2, Number.MAX_VALUE],
      [100, -Number.MAX_VALUE],
      [101, -Number.MAX_VALUE / 2],
    ],
    [
      { time: 0, mean: Number.MAX_VALUE, min: Number.MAX_VALUE, max: Number.MAX_VALUE, count: 3 },
      { time: 100, mean: -Number.MAX_VALUE * 0.75, min: -Number.MAX_VALUE, max: -Number.MAX_VALUE / 2, count: 2 },
    ],
  ],
  [
    "the smallest double",
    [
      [0, 5e-324],
      [100, 1],
    ],
    [
      { time: 0, mean: 5e-324, min: 5e-324, max: 5e-324, count: 1 },
      { time: 100, mean: 1, min: 1, max: 1, count: 1 },
    ],
  ],
])("%s", (_, samples, rows) => {
  expect(rowsOf(seriesOf(samples), BOUNDS)).toEqual(rows);
});

test.each([[-1], [300], [1000]])("refuses a sample at %i, outside the buckets", (time) => {
  expect(() => bucketSeries(seriesOf([[time, 1]]), BOUNDS)).toThrow(RangeError);
  expect(bucketSeries(EMPTY_SERIES, BOUNDS).times.length).toBe(0);
});

test("equals adding samples to their buckets one by one", () => {
  const time = fc.integer({ min: 0, max: 999 });
  const bounds = fc
    .uniqueArray(fc.integer({ min: 1, max: 999 }), { maxLength: 20 })
    .map((inner) => Float64Array.from([0, ...inner.toSorted((a, b) => a - b), 1000]));
  const value = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.double({ min: -100, max: 100, noNaN: true }),
    fc.constantFrom(0, -0, Number.MAX_VALUE, -Number.MAX_VALUE, 5e-324),
  );
  const samples = fc
    .uniqueArray(fc.tuple(time, value), { selector: ([at]) => at, maxLength: 60, size: "max" })
    .map((all) => all.toSorted(([a], [b]) => a - b));
  let overflows = 0;
  fc.assert(
    fc.property(samples, bounds, (all, edges) => {
      const buckets = new Map<number, number[]>();
      for (const [at, drawn] of all) {
        const start = edges.findLast((edge) => edge <= at)!;
        buckets.set(start, [...(buckets.get(start) ?? []), drawn]);
      }
      const rows = rowsOf(seriesOf(all), edges);
      expect(rows.map((row) => row.time)).toEqual([...buckets.keys()]);
      for (const { time: start, mean, min, max, count } of rows) {
        const values = buckets.get(start)!;
        expect([min, max, count]).toEqual([Math.min(...values), Math.max(...values), values.length]);
        expect(mean).toBeGreaterThanOrEqual(min!);
        expect(mean).toBeLessThanOrEqual(max!);
        const sum = values.reduce((total, drawn) => total + drawn);
        if (Number.isFinite(sum)) expect(mean).toBe(Math.min(max!, Math.max(min!, sum / values.length)));
        else {
          overflows++;
          // Halves never overflow, however they are rounded.
          const half = values.reduce((total, drawn) => total + drawn / 2 / values.length, 0);
          expect(Math.abs(mean! / 2 - half)).toBeLessThan(1e294 * values.length);
        }
      }
    }),
    { numRuns: 300 },
  );
  expect(overflows).toBeGreaterThan(10);
});
