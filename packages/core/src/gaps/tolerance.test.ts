import { expect, test } from "vitest";
import { toleranceOf } from "./tolerance.ts";

const MINUTE = 60_000;
const hours = (...counts: number[]) => Array.from({ length: 30 }, (_, i) => counts[i % counts.length]!);

test.each([
  ["configured: three cadences, whatever it does", 60, "configured", hours(0), 3],
  ["configured, slow", 3600, "configured", [], 180],
  ["configured, slower than what is looked at", 6 * 3600, "configured", [], null],
  ["no cadence", null, null, hours(60), null],
  ["measured and kept: an hour, for nobody promised it", 60, "measured", hours(60), 60],
  ["measured, and longer than an hour by three", 1800, "measured", hours(2), 90],
  ["measured on busy hours, while one in five has two samples", 60, "measured", hours(60, 60, 60, 60, 2), 90],
  ["measured, silent in one hour of five: no gap can be told", 60, "measured", hours(60, 60, 60, 60, 0), null],
  ["measured, silent in one hour of thirty", 60, "measured", [0, ...hours(60).slice(1)], 60],
  ["measured a short while ago", 60, "measured", [60, 60, 60, 60, 60], null],
  ["measured, and in a gap whose end is looked for", 60, "measured", null, 60],
] as const)("%s", (_, intervalS, source, counts, minutes) => {
  expect(toleranceOf({ intervalS, source }, counts)).toBe(minutes === null ? null : minutes * MINUTE);
});
