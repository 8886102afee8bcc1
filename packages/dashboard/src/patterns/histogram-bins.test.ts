import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { histogramBins } from "./histogram-bins.ts";

const binsOf = (values: readonly number[]) => histogramBins([...values].sort((a, b) => a - b));

describe("the bins of a histogram", () => {
  it("have the width of Freedman and Diaconis, rounded to a round number", () => {
    // 1,000 values over 100: the middle half spans 50, so 2 * 50 / 10 = 10 each
    const bins = binsOf(Array.from({ length: 1000 }, (_, i) => i / 10));
    expect(bins.map(({ low, high }) => [low, high])).toEqual(
      Array.from({ length: 10 }, (_, i) => [i * 10, i * 10 + 10]),
    );
    expect(bins.map(({ count }) => count)).toEqual(bins.map(() => 100));
  });

  it("have bounds without binary rounding errors", () => {
    const bins = binsOf(Array.from({ length: 100 }, (_, i) => 0.1 + (i % 10) / 100));
    expect(bins.every(({ low }) => String(low).length < 6)).toBe(true);
  });

  it("of one value are one bin that holds it", () => {
    for (const value of [0, 72, -3.3, 1e9, 1e-9]) {
      const bins = binsOf([value, value, value]);
      expect(bins).toHaveLength(1);
      expect(bins[0]!.count).toBe(3);
      expect(bins[0]!.low).toBeLessThanOrEqual(value);
      expect(bins[0]!.high).toBeGreaterThan(value);
    }
  });

  it("are several even if most values are equal", () => {
    const bins = binsOf([...Array.from({ length: 1000 }, () => 5), 1, 9]);
    expect(bins.length).toBeGreaterThan(4);
    expect(bins.reduce((sum, { count }) => sum + count, 0)).toBe(1002);
  });

  it("hold each value once, are consecutive, and are not too many", () => {
    const value = fc.oneof(
      fc.double({ min: -1e6, max: 1e6, noNaN: true }),
      fc.integer({ min: -300, max: 300 }).map((tenths) => tenths / 10),
      fc.double({ min: -1e-6, max: 1e-6, noNaN: true }),
    );
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 300 }), (values) => {
        const bins = binsOf(values);
        expect(bins.length).toBeLessThanOrEqual(61);
        for (const [i, { low, high, count }] of bins.entries()) {
          expect(low).toBeLessThan(high);
          if (i > 0) expect(low).toBe(bins[i - 1]!.high);
          expect(count).toBe(values.filter((one) => one >= low && one < high).length);
        }
        expect(bins.reduce((sum, { count }) => sum + count, 0)).toBe(values.length);
        expect(bins[0]!.count).toBeGreaterThan(0);
        expect(bins.at(-1)!.count).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });
});
