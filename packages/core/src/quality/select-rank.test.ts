import fc from "fast-check";
import { expect, test } from "vitest";
import { medianOf, selectRank } from "./select-rank.ts";

const value = fc.oneof(fc.double({ noNaN: true }), fc.integer({ min: -3, max: 3 }));
const values = fc.array(value, { minLength: 1, maxLength: 60 });

test("finds the value of any rank, and keeps the set of values", () => {
  fc.assert(
    fc.property(values, fc.nat(), fc.nat(5), (given, seed, spare) => {
      const sorted = given.toSorted((a, b) => a - b);
      const rank = seed % given.length;
      const work = Float64Array.from([...given, ...Array<number>(spare).fill(-1e300)]);
      expect(selectRank(work, given.length, rank) + 0).toBe(sorted[rank]! + 0);
      expect([...work.subarray(0, given.length)].toSorted((a, b) => a - b).map((drawn) => drawn + 0)).toEqual(
        sorted.map((drawn) => drawn + 0),
      );
    }),
  );
});

test("the median equals that of the sorted values", () => {
  fc.assert(
    fc.property(values, (given) => {
      const sorted = given.toSorted((a, b) => a - b);
      const middle = sorted.length >> 1;
      const median = sorted.length % 2 === 1 ? sorted[middle]! : sorted[middle - 1]! / 2 + sorted[middle]! / 2;
      // halves of the smallest doubles are zero
      expect(medianOf(Float64Array.from(given), given.length) + 0).toBe(median + 0);
    }),
  );
});

test("ends on contrived orders", () => {
  const n = 5_000;
  for (const order of [(i: number) => i, (i: number) => n - i, () => 7, (i: number) => (i < n / 2 ? i : n - i)]) {
    const work = Float64Array.from({ length: n }, (_, i) => order(i));
    const sorted = work.toSorted();
    expect(selectRank(work, n, n >> 1)).toBe(sorted[n >> 1]);
  }
});
