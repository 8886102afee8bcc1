import { describe, expect, it } from "vitest";
import type { ChartSeries } from "./series.ts";
import { valueRange } from "./value-range.ts";

const shown: ChartSeries = {
  name: "a",
  unit: "°F",
  times: [0, 10, 20, 30, 40],
  values: [100, 1, 2, 3, -100],
  min: [90, 0, 1, 2, -110],
  max: [110, 2, 3, 4, -90],
  counts: null,
  bucketMs: 10,
};

describe("the range of a y axis", () => {
  it("covers visible samples and the ends of their lines, no more", () => {
    const [low, high] = valueRange([shown], 11, 29, false)!;
    expect([low, high]).toEqual([1 - 0.12, 3 + 0.12]);
    expect(valueRange([shown], 10, 29, false)![1]).toBeGreaterThan(100);
  });

  it("covers the band if it is drawn", () => {
    expect(valueRange([shown], 11, 29, true)).toEqual([0 - 0.24, 4 + 0.24]);
  });

  it("has room around a flat line, and none without data", () => {
    expect(valueRange([{ ...shown, values: [5, 5, 5, 5, 5], min: null, max: null }], 0, 40, true)).toEqual([4.5, 5.5]);
    expect(valueRange([], 0, 1, true)).toBeNull();
  });
});
