import { expect, test } from "vitest";
import { storageCost } from "./storage-cost.ts";

const GB = 1e9;

test.each([
  ["nothing", { d1: 0, r2: 0 }, [0, 0]],
  ["what is included", { d1: 5 * GB, r2: 10 * GB }, [0, 0]],
  ["a GB more of each", { d1: 6 * GB, r2: 11 * GB }, [0.75, 0.015]],
  ["a full database", { d1: 10 * GB, r2: 0 }, [3.75, 0]],
  ["a year of a large site", { d1: 1.6 * GB, r2: 110 * GB }, [0, 1.5]],
])("storing %s", (_, bytes, [d1, r2]) => {
  const cost = storageCost(bytes);
  expect(cost.d1).toBeCloseTo(d1!, 9);
  expect(cost.r2).toBeCloseTo(r2!, 9);
  expect(cost.total).toBeCloseTo(d1! + r2!, 9);
});
