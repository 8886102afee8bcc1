import fc from "fast-check";
import { expect, test } from "vitest";
import { hexOf } from "../bytes/hex.ts";
import { type HourAggregate, hourAggregates } from "../rollups/hour-aggregates.ts";
import { encodeSlice } from "../rollups/hour-slice.ts";
import { dayStart } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { overflownHours, parseRollups, rollupsByPoint } from "./rollups.ts";
import { BlockSlice } from "../rollups/stored-slice.ts";
import type { PointRollup } from "../read/stored.ts";

const DAY = 20_000;
const rollup = (hex: string, day = DAY, pointId = 1): PointRollup => {
  return { pointId, day, slice: new BlockSlice(hex), isCold: true };
};
const sliceOf = (hours: readonly (HourAggregate | null)[]) => hexOf(encodeSlice({ hours, locator: null }));
const summedUp = (times: Float64Array, values: Float64Array) => sliceOf(hourAggregates({ times, values }, DAY));
const firstHour = (value: number) =>
  sliceOf(
    Array.from({ length: 24 }, (_, i) =>
      i === 0 ? { n: 2, min: value, max: value, sum: 2 * value, edges: null } : null,
    ),
  );

test("finds hours with an overflowed sum, of equal or different values", () => {
  const large = Number.MAX_VALUE;
  for (const values of [
    [large, large],
    [-large, -large, -1],
    [large, large / 2],
  ]) {
    const times = Float64Array.from(values, (_, i) => dayStart(DAY) + 5 * HOUR_MS + i);
    const rollups = [rollup(firstHour(1)), rollup(summedUp(times, Float64Array.from(values)))];
    expect(overflownHours(rollups)).toEqual([dayStart(DAY) + 5 * HOUR_MS]);
  }
  expect(overflownHours([rollup(firstHour(1e300)), rollup(firstHour(1e-300))])).toEqual([]);
});

test("finds exactly the hours whose sum is not finite", () => {
  const value = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constantFrom(1e308, -1e308, 1.5));
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat({ max: 23 }), fc.array(value, { minLength: 1, maxLength: 4 }))), (given) => {
      const ofHours = [...new Map(given)].sort(([a], [b]) => a - b);
      const samples = ofHours.flatMap(([hour, values]) =>
        values.map((drawn, i) => [hour * HOUR_MS + i, drawn] as const),
      );
      const times = Float64Array.from(samples, ([at]) => dayStart(DAY) + at);
      const values = Float64Array.from(samples, ([, drawn]) => drawn);
      const rollups = [rollup(summedUp(times, values))];
      const [parsed] = parseRollups(rollups).parsed;
      const expected = parsed!.hours.flatMap((hour, i) =>
        hour === null || Number.isFinite(hour.sum) ? [] : [dayStart(DAY) + i * HOUR_MS],
      );
      expect(overflownHours(rollups)).toEqual(expected);
    }),
  );
});

test("groups aggregates by point, ascending by day", () => {
  const [a, b, c] = [rollup("a", 7, 1), rollup("b", 5, 2), rollup("c", 5, 1)];
  const expected = new Map([
    [1, [c, a]],
    [2, [b]],
  ]);
  expect(rollupsByPoint([a, b, c])).toEqual(expected);
});
