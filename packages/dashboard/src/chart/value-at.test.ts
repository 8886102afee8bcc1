import { describe, expect, it } from "vitest";
import type { ChartSeries } from "./series.ts";
import { sampleAt } from "./value-at.ts";

const samples: ChartSeries = {
  name: "a",
  unit: null,
  times: [100, 200, 400],
  values: [1, 2, 3],
  min: null,
  max: null,
  counts: null,
  bucketMs: 0,
};

describe("the sample at a time", () => {
  it.each([
    [100, 0],
    [149, 0],
    [151, 1],
    [46, 0],
    [44, -1],
    [254, 1],
    [256, -1],
    [344, -1],
    [346, 2],
    [456, -1],
  ])("at %d is number %d", (time, index) => {
    expect(sampleAt(samples, time, 110)).toBe(index);
  });

  it("is that of the bucket around it", () => {
    const buckets = { ...samples, bucketMs: 100 };
    expect([99, 100, 199, 200, 299, 300, 399, 400, 499, 500].map((time) => sampleAt(buckets, time, 100))).toEqual([
      -1, 0, 0, 1, 1, -1, -1, 2, 2, -1,
    ]);
    expect(sampleAt({ ...samples, times: [] }, 5, 100)).toBe(-1);
  });
});
