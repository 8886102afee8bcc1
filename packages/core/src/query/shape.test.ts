import { describe, expect, test } from "vitest";
import { bucketBounds } from "./buckets.ts";
import type { QueriedSeries } from "./execute.ts";
import { MAX_VALUES } from "../read/limits.ts";
import { shapeSeries } from "./shape.ts";

const MINUTE = 60_000;
const AS_IT_IS = { thinTo: null, fill: "none", units: "source" } as const;
const RAW = { bounds: null, until: Number.POSITIVE_INFINITY };

function raw(size: number, unit: string | null = null, name = "a"): QueriedSeries {
  return {
    point: {
      id: 1,
      name,
      unit,
      cadenceMs: MINUTE,
      expectation: { cadenceMs: MINUTE, toleranceMs: 3 * MINUTE, isPromised: true },
      firstSeen: null,
      past: [],
    },
    times: Float64Array.from({ length: size }, (_, i) => i * MINUTE),
    values: Float64Array.from({ length: size }, (_, i) => i),
  };
}

test("without options: the same columns, not thinned", () => {
  const unshaped = raw(10, "°F");
  const { series, downsampled } = shapeSeries([unshaped], RAW, AS_IT_IS);
  expect(series[0]!.values).toBe(unshaped.values);
  expect(series[0]).not.toHaveProperty("filled");
  expect(series[0]).not.toHaveProperty("count");
  expect([series[0]!.unit, downsampled]).toEqual(["°F", null]);
});

describe("thinning", () => {
  test("a series that fits is not thinned", () => {
    const { series, downsampled } = shapeSeries([raw(10)], RAW, { ...AS_IT_IS, thinTo: 10 });
    expect(downsampled).toBeNull();
    expect(series[0]).not.toHaveProperty("count");
  });

  test("if one series is thinned, all have min, max and count", () => {
    const { series, downsampled } = shapeSeries([raw(100), raw(5)], RAW, { ...AS_IT_IS, thinTo: 20 });
    expect(downsampled).toEqual({ method: "minmax-lttb", from: 105, to: 25 });
    expect(series.map(({ times }) => times.length)).toEqual([20, 5]);
    expect(series.map(({ count }) => count?.reduce((sum, n) => sum + n))).toEqual([100, 5]);
  });

  test("buckets are not thinned", () => {
    const unshaped = {
      ...raw(100),
      min: new Float64Array(100),
      max: new Float64Array(100),
      count: new Int32Array(100),
    };
    const bounds = bucketBounds({ start: 0, end: 100 * MINUTE }, "1min", "UTC");
    const { series, downsampled } = shapeSeries([unshaped], { ...RAW, bounds }, { ...AS_IT_IS, thinTo: 20 });
    expect([series[0]!.times.length, downsampled]).toEqual([100, null]);
  });

  test("a line of thinned samples breaks exactly at the gaps of all samples", () => {
    const unshaped = raw(1000);
    const times = unshaped.times.map((time, i) => (i >= 500 ? time + 10 * MINUTE : time));
    const { series } = shapeSeries([{ ...unshaped, times }], RAW, { thinTo: 50, fill: "null", units: "source" });
    const { values, filled, times: shown } = series[0]!;
    const at = filled!.indexOf(1);
    expect(filled!.filter((flag) => flag === 1).length).toBe(1);
    expect(values[at]).toBeNaN();
    expect([values[at - 1], values[at + 1]]).toEqual([499, 500]);
    expect(shown[at]).toBe((times[499]! + times[500]!) / 2);
  });
});

describe("units", () => {
  const bucketed = {
    ...raw(3, "°F"),
    min: Float64Array.of(-40, 32, Number.NaN),
    max: Float64Array.of(32, 212, Number.NaN),
    count: Int32Array.of(1, 2, 0),
  };

  test("converts value, min and max, and neither counts nor empty values", () => {
    const [shaped] = shapeSeries([bucketed], RAW, { ...AS_IT_IS, units: "metric" }).series;
    expect(shaped!.unit).toBe("°C");
    expect(Array.from(shaped!.values)).toEqual([0, 1, 2].map((value) => ((value - 32) * 5) / 9));
    expect(Array.from(shaped!.min!)).toEqual([-40, 0, Number.NaN]);
    expect(Array.from(shaped!.max!)).toEqual([0, 100, Number.NaN]);
    expect(shaped!.count).toBe(bucketed.count);
    expect(Array.from(bucketed.values)).toEqual([0, 1, 2]);
  });

  test("without a conversion values stay bit for bit", () => {
    const values = Float64Array.of(-0, 5e-324, 25.517500000000002);
    const [shaped] = shapeSeries([{ ...raw(3, "°C"), values }], RAW, { ...AS_IT_IS, units: "metric" }).series;
    expect([shaped!.unit, shaped!.values]).toEqual(["°C", values]);
  });

  test("a series whose value would overflow keeps its unit", () => {
    const values = Float64Array.of(1, Number.MAX_VALUE, 2);
    const [shaped] = shapeSeries([{ ...raw(3, "inH₂O"), values }], RAW, { ...AS_IT_IS, units: "metric" }).series;
    expect([shaped!.unit, shaped!.values]).toEqual(["inH₂O", values]);
  });
});

test("refuses an answer that filling makes too large, with a suggestion", () => {
  const bounds = bucketBounds({ start: 0, end: 31 * 1440 * MINUTE }, "1min", "UTC");
  const last = bounds.at(-2)!;
  const sparse = { ...raw(2), times: Float64Array.of(0, last) };
  const many = Math.ceil(MAX_VALUES / (bounds.length - 1));
  const filled = (count: number) =>
    shapeSeries(
      Array.from({ length: count }, () => sparse),
      { ...RAW, bounds },
      { ...AS_IT_IS, fill: "locf" },
    );
  expect(filled(many - 1).series.length).toBe(many - 1);
  expect(() => filled(many)).toThrow(/more than 1000000 values: ask for fill=none or a coarser interval/);
});
