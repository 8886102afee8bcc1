import fc from "fast-check";
import { expect, it } from "vitest";
import { quantile, summaryOf } from "./quantiles.ts";

const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 60 });
/** Sorted like on the page: -0 comes before 0. */
const sortedOf = (list: readonly number[]) => Float64Array.from(list).sort();

it("a quantile at an index is that value, and between two it is interpolated", () => {
  expect([0, 0.25, 0.5, 0.75, 1].map((share) => quantile([10, 20, 40, 80, 160], share))).toEqual([10, 20, 40, 80, 160]);
  expect(quantile([10, 20], 0.3)).toBe(13);
  expect(quantile([7], 0.9)).toBe(7);
});

it("splits the values by its share", () => {
  fc.assert(
    fc.property(values, fc.nat(1000), (list, thousandths) => {
      const share = thousandths / 1000;
      const sorted = sortedOf(list);
      const found = quantile(sorted, share);
      const slack = 1e-9 * 1e6;
      const below = sorted.filter((value) => value < found - slack).length;
      const notAbove = sorted.filter((value) => value <= found + slack).length;
      const place = (sorted.length - 1) * share;
      expect(below).toBeLessThanOrEqual(Math.ceil(place));
      expect(notAbove).toBeGreaterThan(Math.floor(place));
    }),
  );
});

it("a summary equals its definition", () => {
  fc.assert(
    fc.property(values, (list) => {
      const sorted = sortedOf(list);
      const { count, mean, min, max, median } = summaryOf(sorted);
      expect([count, min, max]).toEqual([list.length, Math.min(...list), Math.max(...list)]);
      expect(mean).toBeCloseTo(list.reduce((sum, value) => sum + value, 0) / list.length, 5);
      const [low, high] = [sorted[(count - 1) >> 1]!, sorted[count >> 1]!];
      expect(median).toBeCloseTo((low + high) / 2, 5);
    }),
    { examples: [[[0, -0, 0]]] },
  );
});
