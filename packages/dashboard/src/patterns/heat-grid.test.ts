import { expect, it } from "vitest";
import type { ChartSeries } from "../chart/series.ts";
import { parseDay } from "./calendar.ts";
import { heatGrid } from "./heat-grid.ts";
import { hourSlots } from "./hour-slots.ts";

const ZONE = "America/Chicago";
const HOUR = 3_600_000;
const day = parseDay("2026-11-01")!;

function hours(times: readonly number[], values: readonly number[]): ChartSeries {
  const counts = times.map(() => 60);
  return { name: "a", unit: null, times, values, min: values, max: values, counts, bucketMs: HOUR };
}

it("each hour has its own value, also an hour that the clock repeats", () => {
  const slots = hourSlots(ZONE, day);
  const series = hours(
    slots.map(({ start }) => start),
    slots.map((_, i) => i * 10),
  );
  const [grid, ...rest] = heatGrid(ZONE, { first: day, last: day }, series, Number.POSITIVE_INFINITY);
  expect(rest).toEqual([]);
  expect(grid!.cells.map(({ value }) => value)).toEqual(slots.map((_, i) => i * 10));
  expect(grid!.cells.filter(({ hour }) => hour === 1).map(({ value }) => value)).toEqual([10, 20]);
});

it("hours without samples are missing, hours not fetched yet are not", () => {
  const slots = hourSlots(ZONE, day);
  const until = slots[10]!.start;
  const [grid] = heatGrid(ZONE, { first: day, last: day }, hours([slots[3]!.start], [7]), until);
  const seen = grid!.cells.map(({ value, isAhead }) => (value === null ? (isAhead ? "ahead" : "missing") : value));
  expect(seen.slice(0, 5)).toEqual(["missing", "missing", "missing", 7, "missing"]);
  expect(seen.filter((what) => what === "ahead")).toHaveLength(15);
});
