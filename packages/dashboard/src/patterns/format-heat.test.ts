import { expect, it } from "vitest";
import { parseDay } from "./calendar.ts";
import type { HeatCell } from "./heat-grid.ts";
import { formatCellTime, formatCellValue } from "./format-heat.ts";
import { hourSlots } from "./hour-slots.ts";

const empty = { value: null, min: null, max: null, count: 0, isAhead: false };
const cellsOf = (zone: string, date: string): { day: number; cells: HeatCell[] } => {
  const day = parseDay(date)!;
  return { day, cells: hourSlots(zone, day).map((slot) => ({ ...slot, ...empty })) };
};

it("names an hour by the clock, and marks a repeated or shortened one", () => {
  const autumn = cellsOf("America/Chicago", "2026-11-01");
  expect([0, 1, 2, 24].map((at) => formatCellTime(autumn, autumn.cells[at]!))).toEqual([
    "Sun, Nov 1, 2026, 00:00–01:00",
    "Sun, Nov 1, 2026, 01:00–02:00 (first time)",
    "Sun, Nov 1, 2026, 01:00–02:00 (again)",
    "Sun, Nov 1, 2026, 23:00–24:00",
  ]);
  const half = cellsOf("Australia/Lord_Howe", "2026-10-04");
  expect(formatCellTime(half, half.cells[2]!)).toBe("Sun, Oct 4, 2026, 02:00–03:00 (30 minutes of it)");
});

it("shows a value with its unit and count; 'no value' differs from 'not yet'", () => {
  const [cell] = cellsOf("UTC", "2026-11-03").cells;
  const known = { ...cell!, value: 71.87, min: 71.64, max: 72.07, count: 25 };
  expect(formatCellValue(known, "°F")).toEqual(["71.87 °F", "71.64 to 72.07 °F, 25 samples"]);
  expect(formatCellValue({ ...known, count: 1 }, null)).toEqual(["71.87", "71.64 to 72.07, 1 sample"]);
  expect(formatCellValue(cell!, "°F")).toEqual(["no samples", ""]);
  expect(formatCellValue({ ...cell!, isAhead: true }, "°F")).toEqual(["not fetched yet", ""]);
});
