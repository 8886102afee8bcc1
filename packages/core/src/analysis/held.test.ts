import fc from "fast-check";
import { expect, test } from "vitest";
import { heldOf } from "./held.ts";
import { peakOf } from "./peak.ts";
import { percentile } from "./percentile.ts";

const SECOND = 1000;
const series = fc
  .uniqueArray(fc.tuple(fc.nat(600), fc.integer({ min: -3, max: 3 })), { selector: ([at]) => at, maxLength: 40 })
  .map((samples) => samples.toSorted(([a], [b]) => a - b));
const columns = (samples: readonly (readonly [number, number])[]) => ({
  times: Float64Array.from(samples, ([at]) => at * SECOND),
  values: Float64Array.from(samples, ([, value]) => value),
});

const rounded = (value: number) => Math.round(value * 1e9) / 1e9 + 0;

test("values that hold equal a look at every second", () => {
  const asked = fc.record({
    edges: fc.uniqueArray(fc.nat(700), { minLength: 2, maxLength: 6 }),
    hold: fc.option(fc.integer({ min: 1, max: 200 })),
    cut: fc.nat(300),
  });
  fc.assert(
    fc.property(series, asked, (samples, { edges, hold, cut }) => {
      const bounds = edges.toSorted((a, b) => a - b);
      const [start, end] = [Math.max(bounds[0]!, Math.min(cut, bounds[1]! - 1)), bounds.at(-1)!];
      const range = { start: start * SECOND, end: end * SECOND };
      const holdMs = hold === null ? null : hold * SECOND;
      const held = heldOf(
        columns(samples),
        Float64Array.from(bounds, (at) => at * SECOND),
        range,
        holdMs,
        (value) => value > 0,
        Infinity,
      );
      bounds.slice(1).forEach((to, bucket) => {
        const from = Math.max(bounds[bucket]!, start);
        const seen = Array.from({ length: to - from }, (_, i) => {
          const last = samples.findLast(([at]) => at <= from + i);
          return last === undefined || (hold !== null && from + i - last[0] >= hold) ? null : last[1];
        }).filter((value) => value !== null);
        const sum = seen.reduce((total, value) => total + value, 0);
        const isKnown = seen.length > 0;
        expect(rounded(held.twa[bucket]!)).toEqual(rounded(isKnown ? sum / seen.length : NaN));
        expect(rounded(held.integral[bucket]!)).toEqual(rounded(isKnown ? sum / 3600 : NaN));
        expect(rounded(held.durationOn[bucket]!)).toEqual(
          rounded(isKnown ? seen.filter((value) => value > 0).length : NaN),
        );
        expect(rounded(held.coverage[bucket]!)).toEqual(rounded(seen.length / (to - from)));
      });
    }),
  );
});

test("a peak is the largest mean of a clock-aligned window", () => {
  fc.assert(
    fc.property(series, (samples) => {
      const windows = [...Map.groupBy(samples, ([at]) => Math.floor(at / 60))].map(([window, of]) => {
        return { at: window * 60 * SECOND, value: of.reduce((sum, [, value]) => sum + value, 0) / of.length };
      });
      const most = Math.max(...windows.map(({ value }) => value));
      expect(peakOf(columns(samples), 60 * SECOND, { start: 0, end: 660 * SECOND })).toEqual(
        windows.find(({ value }) => value === most) ?? null,
      );
    }),
  );
});

test.each([
  [[1], 0.95, 1],
  [[1, 2], 0.5, 1.5],
  [[1, 2, 3, 4, 5], 0.05, 1.2],
  [[1, 2, 3, 4, 5], 0.95, 4.8],
])("the percentile of %j at %d is %d", (values, share, expected) => {
  expect(percentile(Float64Array.from(values), share)).toBeCloseTo(expected, 12);
});
