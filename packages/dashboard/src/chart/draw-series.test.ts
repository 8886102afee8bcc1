import { expect, test } from "vitest";
import { runsOf } from "./draw-series.ts";

function runs(unit: string | null, values: readonly number[]) {
  const times = values.map((_, i) => i * 60_000);
  const series = { name: "a", unit, times, values, min: null, max: null, counts: null, bucketMs: 0, longest: 180_000 };
  return runsOf(series, 0, values.length - 1);
}

test.each([
  [
    "°",
    [340, 350, 10, 20],
    [
      [0, 1],
      [2, 3],
    ],
  ],
  [
    "°",
    [350, 10, 350],
    [
      [0, 0],
      [1, 1],
      [2, 2],
    ],
  ],
  ["°", [90, 270], [[0, 1]]],
  [
    "rad",
    [6.2, 0.1],
    [
      [0, 0],
      [1, 1],
    ],
  ],
  ["°F", [350, 10], [[0, 1]]],
  [null, [350, 10], [[0, 1]]],
])("a line of %s through %j is drawn in the parts %j", (unit, values, expected) => {
  expect(runs(unit, values)).toEqual(expected);
});
