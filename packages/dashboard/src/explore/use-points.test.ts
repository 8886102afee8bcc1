import { expect, it } from "vitest";
import { newestOf } from "./use-points.ts";

it("the newest of several points is the newest known one; null if none is known", () => {
  expect(newestOf(["2026-11-22T01:00:00Z", null, "2026-11-23T00:00:00Z"])).toBe(Date.UTC(2026, 10, 23));
  expect(newestOf([null])).toBeNull();
  expect(newestOf([])).toBeNull();
});
