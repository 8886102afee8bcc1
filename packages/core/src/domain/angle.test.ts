import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bucketSeries } from "../query/buckets.ts";
import { conversionTo } from "../query/units.ts";
import { fillBuckets } from "../query/fill.ts";
import { angleBetween, circularMean, turnOf } from "./angle.ts";

const mean = (values: number[], turn = 360) => circularMean(Float64Array.from(values), 0, values.length, turn);

test("only units of angles have a turn, and no system converts angles", () => {
  expect(["°", "°ph", "rad", "°C", "%", null].map(turnOf)).toEqual([360, 360, 2 * Math.PI, null, null, null]);
  expect([conversionTo("imperial", "°"), conversionTo("metric", "rad")]).toEqual([null, null]);
});

describe("circular mean", () => {
  test.each<[number[], number]>([
    [[350, 10], 0],
    [[350, 20], 5],
    [[340, 10], 355],
    [[359, 1, 3], 1],
    [[90, 90, 180], 116.565],
    [[-10, 20], 5],
    [[-170, 170], -180],
    [[-20, 10], -5],
    [[370, 10], 10],
    [[361, 361], 361],
    [[5], 5],
    [[-0], -0],
  ])("of %j is %d", (values, expected) => {
    expect(mean(values)).toBeCloseTo(expected, 3);
  });

  test("in radians", () => {
    expect(mean([0.1, 2 * Math.PI - 0.3], 2 * Math.PI)).toBeCloseTo(2 * Math.PI - 0.1, 9);
  });

  test.each([[[0, 180]], [[90, 270]], [[0, 120, 240]], [[0, 90, 180, 270]], [[10, 190.5]]])(
    "of %j is NaN: the directions cancel out",
    (values) => {
      expect(mean(values)).toBeNaN();
    },
  );

  test("deviations from the mean sum to zero; opposite angles have no mean", () => {
    const angle = fc.oneof(fc.integer({ min: 0, max: 359 }), fc.double({ min: -720, max: 720, noNaN: true }));
    const run = fc.array(angle, { minLength: 1, maxLength: 50 });
    const pulled = fc.tuple(angle, run).map(([center, angles]) => angles.map((angleOfRun) => center + angleOfRun / 8));
    fc.assert(
      fc.property(fc.oneof(run, pulled), (values) => {
        const found = mean(values);
        const deviation = (ratio: (radians: number) => number, from: number) =>
          values.reduce((sum, value) => sum + ratio(((value - from) * Math.PI) / 180), 0) / values.length;
        if (Number.isNaN(found)) {
          expect(Math.hypot(deviation(Math.sin, 0), deviation(Math.cos, 0))).toBeLessThan(0.0100001);
          return;
        }
        expect(deviation(Math.sin, found)).toBeCloseTo(0, 9);
        expect(deviation(Math.cos, found)).toBeGreaterThan(0.0099999);
        if (new Set(values).size === 1) return;
        const [low, high] = values.some((value) => value < 0) ? [-180, 180] : [0, 360];
        expect(found >= low && found < high).toBe(true);
      }),
    );
  });
});

test("buckets of angles: circular mean, plain min, max and count", () => {
  const series = { times: Float64Array.of(0, 1, 10, 11, 20), values: Float64Array.of(350, 10, 0, 180, 200) };
  const buckets = bucketSeries(series, Float64Array.of(0, 10, 20, 30), 360);
  expect([...buckets.values]).toEqual([expect.closeTo(0, 9), Number.NaN, 200]);
  expect([...buckets.min, ...buckets.max, ...buckets.count]).toEqual([10, 0, 200, 350, 180, 200, 2, 2, 1]);
});

describe("linear fill goes the short way round", () => {
  test.each<[number, number, number]>([
    [350, 10, 0],
    [10, 350, 0],
    [350, 20, 5],
    [80, 100, 90],
    [-170, 170, -180],
  ])("from %d to %d", (before, after, half) => {
    expect(angleBetween(before, after, 0.5, 360)).toBeCloseTo(half, 9);
  });

  test("opposite directions give no value", () => {
    expect(angleBetween(0, 180, 0.25, 360)).toBeNaN();
  });

  test("in the buckets of an answer", () => {
    const series = { times: Float64Array.of(0, 40), values: Float64Array.of(340, 20) };
    const bounds = Float64Array.of(0, 10, 20, 30, 40, 50);
    expect([...fillBuckets(series, bounds, "linear", 50, 360).values]).toEqual([340, 350, 0, 10, 20]);
  });
});
