import { expect, test } from "vitest";
import { expectationOf } from "./expectation.ts";

const MINUTE = 60_000;

test.each([
  ["a promise: three cadences", 60, "configured", 3],
  ["a slow promise", 6 * 3600, "configured", 18 * 60],
  ["measured: at least an hour, because it is not promised", 60, "measured", 60],
  ["measured, and three cadences are longer than an hour", 1800, "measured", 90],
  ["no cadence", null, null, null],
  ["a point that sends changes only", null, "measured", null],
  ["an interval rounded to 0", 0, "configured", null],
] as const)("%s", (_, intervalS, intervalSource, minutes) => {
  const expected = expectationOf({ intervalS, intervalSource });
  expect(expected?.toleranceMs ?? null).toBe(minutes === null ? null : minutes * MINUTE);
  expect(expected?.isPromised).toBe(minutes === null ? undefined : intervalSource === "configured");
});
