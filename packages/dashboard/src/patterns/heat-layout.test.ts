import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseDay } from "./calendar.ts";
import type { HeatDay } from "./heat-grid.ts";
import { cellAfter, cellAt, cellBox, heatLayout } from "./heat-layout.ts";
import { hourSlots } from "./hour-slots.ts";

const first = parseDay("2026-03-01")!;
const days = Array.from({ length: 270 }, (_, i): HeatDay => {
  const cells = hourSlots("America/Chicago", first + i);
  const empty = { value: null, min: null, max: null, count: 0, isAhead: false };
  return { day: first + i, cells: cells.map((slot) => ({ ...slot, ...empty })) };
});
const anyPlace = fc
  .integer({ min: 0, max: days.length - 1 })
  .chain((day) => fc.integer({ min: 0, max: days[day]!.cells.length - 1 }).map((cell) => ({ day, cell })));

describe("the positions of hours", () => {
  it("map back to their hours, also in days of 23 and 25 hours", () => {
    fc.assert(
      fc.property(anyPlace, fc.integer({ min: 300, max: 2000 }), (place, width) => {
        const layout = heatLayout(days.length, width);
        const box = cellBox(layout, place.day, days[place.day]!.cells[place.cell]!);
        expect(cellAt(layout, days, box.x + box.width / 2, box.y + box.height / 2)).toEqual(place);
        expect(box.x + box.width).toBeLessThanOrEqual(layout.width + 1e-6);
        expect(layout.column).toBeGreaterThanOrEqual(3);
      }),
    );
  });

  it("have no cell beside the hours, or at an hour that the clock skipped", () => {
    const layout = heatLayout(days.length, 1000);
    expect(cellAt(layout, days, 1, 50)).toBe(null);
    expect(cellAt(layout, days, 500, layout.height - 2)).toBe(null);
    const spring = parseDay("2026-03-08")! - first;
    const skipped = cellBox(layout, spring, { hour: 2, part: 0, parts: 1 });
    expect(cellAt(layout, days, skipped.x + 1, skipped.y + 1)).toBe(null);
  });
});

it("change by keys to an existing hour, up and down to its neighbour", () => {
  const key = fc.constantFrom("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End");
  fc.assert(
    fc.property(anyPlace, key, (place, pressed) => {
      const next = cellAfter(days, place, pressed)!;
      expect(days[next.day]!.cells[next.cell]).toBeDefined();
      if (pressed === "ArrowDown") {
        expect(next).toEqual({ day: place.day, cell: Math.min(days[place.day]!.cells.length - 1, place.cell + 1) });
      }
      if (pressed === "ArrowRight") expect(next.day).toBe(Math.min(days.length - 1, place.day + 1));
    }),
  );
  expect(cellAfter(days, { day: 0, cell: 0 }, "Tab")).toBe(null);
});
