import fc from "fast-check";
import { expect, test } from "vitest";
import { rotate } from "./rotate.ts";

test("every rotation has all sites, in a circle", () => {
  expect(rotate(["a", "b", "c"], 0)).toEqual(["a", "b", "c"]);
  expect(rotate(["a", "b", "c"], 1)).toEqual(["b", "c", "a"]);
  expect(rotate([], 7)).toEqual([]);
});

test("if each run reaches m of n sites, each site is reached within 3 n/m runs", () => {
  const sizes = fc
    .integer({ min: 1, max: 400 })
    .chain((n) => fc.record({ n: fc.constant(n), m: fc.integer({ min: 1, max: n }) }));
  fc.assert(
    fc.property(sizes, fc.integer({ min: 0, max: 500_000 }), ({ n, m }, from) => {
      const sites = Array.from({ length: n }, (_, i) => i);
      const reached = new Set<number>();
      for (let turn = from; turn < from + Math.ceil((3 * n) / m); turn++) {
        for (const site of rotate(sites, turn).slice(0, m)) reached.add(site);
      }
      expect(reached.size).toBe(n);
    }),
  );
});
