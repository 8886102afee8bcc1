import fc from "fast-check";
import { expect, test } from "vitest";
import { dayStart } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { type HourAggregates, type HourEdges, hourAggregates } from "./hour-aggregates.ts";
import { decodeSlice, encodeSlice } from "./hour-slice.ts";

const DAY = 20_373;
const START = dayStart(DAY);

function seriesOf(samples: readonly (readonly [offset: number, value: number])[]) {
  return {
    times: Float64Array.from(samples, ([offset]) => START + offset),
    values: Float64Array.from(samples, ([, value]) => value),
  };
}

const hoursOf = (...given: readonly (readonly [hour: number, HourAggregates[number]])[]): HourAggregates =>
  Array.from({ length: 24 }, (_, hour) => given.find(([at]) => at === hour)?.[1] ?? null);

const edges = (
  first: number,
  last: number,
  firstS: number,
  lastS: number,
  fall: HourEdges["fall"] = null,
): HourEdges => {
  return { first, last, firstS, lastS, fall };
};

test("aggregates each hour separately", () => {
  const samples = [
    [0, 2],
    [HOUR_MS - 1, -4],
    [HOUR_MS, 7.5],
    [24 * HOUR_MS - 1, 1],
  ] as const;
  expect(hourAggregates(seriesOf(samples), DAY)).toEqual(
    hoursOf(
      [0, { n: 2, min: -4, max: 2, sum: -2, edges: edges(2, -4, 0, 3599, { from: 2, to: -4 }) }],
      [1, { n: 1, min: 7.5, max: 7.5, sum: 7.5, edges: edges(7.5, 7.5, 0, 0) }],
      [23, { n: 1, min: 1, max: 1, sum: 1, edges: edges(1, 1, 3599, 3599) }],
    ),
  );
});

test("refuses a sample of another day", () => {
  for (const offset of [-1, 24 * HOUR_MS]) {
    expect(() => hourAggregates(seriesOf([[offset, 1]]), DAY)).toThrow(RangeError);
  }
});

test("a sum of decimals is the exact decimal", () => {
  const samples = Array.from({ length: 60 }, (_, i): [number, number] => [i * 60_000, i % 2 === 0 ? 0.1 : 0.2]);
  const [hour] = hourAggregates(seriesOf(samples), DAY);
  expect(hour?.sum).toBe(9);
});

test("large values that cancel out keep the small ones", () => {
  const [hour] = hourAggregates(
    seriesOf([
      [0, 1],
      [1, 1e100],
      [2, 1],
      [3, -1e100],
    ]),
    DAY,
  );
  expect(hour?.sum).toBe(2);
});

test("a sum beyond a double's range is infinite", () => {
  const hours = hourAggregates(
    seriesOf([
      [0, -1.7e308],
      [1, -1.6e308],
    ]),
    DAY,
  );
  expect(hours[0]?.sum).toBe(-Infinity);
});

test("any day equals the oracle, and its slice keeps it bit for bit", () => {
  const value = fc.oneof(
    fc.constantFrom(0, -0, 5e-324, 1.7976931348623157e308, 25.517500000000002),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  );
  const day = fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 24 * HOUR_MS - 1 }), value), {
    selector: ([offset]) => Math.floor(offset / 900_000) + offset / 1e9,
    maxLength: 80,
  });
  fc.assert(
    fc.property(day, (unsorted) => {
      const samples = unsorted.toSorted(([a], [b]) => a - b);
      const hours = hourAggregates(seriesOf(samples), DAY);
      hours.forEach((hour, at) => {
        const ofHour = samples.filter(([offset]) => Math.floor(offset / HOUR_MS) === at);
        const mine = ofHour.map(([, v]) => v);
        if (mine.length === 0) return expect(hour).toBeNull();
        const { sum, ...others } = hour!;
        const falls = mine.flatMap((v, i) => (i > 0 && v < mine[i - 1]! ? [{ from: mine[i - 1]!, to: v }] : []));
        const [firstMs, lastMs] = [ofHour[0]![0] % HOUR_MS, ofHour.at(-1)![0] % HOUR_MS];
        const firstS = firstMs === 0 ? 0 : firstMs < 1000 ? 1 : Math.floor(firstMs / 1000);
        const times = [firstS, Math.floor(lastMs / 1000)] as const;
        const figures = {
          n: mine.length,
          min: Math.min(...mine),
          max: Math.max(...mine),
          edges: falls.length > 1 ? null : edges(mine[0]!, mine.at(-1)!, ...times, falls[0] ?? null),
        };
        expect(others).toEqual(figures);
        const size = mine.reduce((all, v) => all + Math.abs(v), 0);
        if (Number.isFinite(size))
          expect(Math.abs(sum - mine.reduce((all, v) => all + v, 0))).toBeLessThanOrEqual(size * 1e-13);
      });
      expect(decodeSlice(encodeSlice({ hours, locator: null })).hours).toEqual(hours);
    }),
  );
});
