import type { HeatCell, HeatDay } from "./heat-grid.ts";

/** Sizes in CSS pixels: days go across, hours down. */
export interface HeatLayout {
  readonly left: number;
  readonly top: number;
  readonly column: number;
  readonly row: number;
  readonly width: number;
  readonly height: number;
  readonly days: number;
}

const HOURS = 24;
/** Room for the frame of an hour at the edge. */
const EDGE = 2;
const AXIS_BOTTOM = 26;
const TOP = 4;
/** A narrower day is invisible; a wide chart scrolls. */
const LEAST_COLUMN = 3;

/** @param width the available width */
export function heatLayout(days: number, width: number): HeatLayout {
  const column = Math.max(LEAST_COLUMN, (width - 2 * EDGE) / days);
  const row = width < 600 ? 12 : 15;
  return {
    left: EDGE,
    top: TOP,
    column,
    row,
    width: 2 * EDGE + column * days,
    height: TOP + HOURS * row + AXIS_BOTTOM,
    days,
  };
}

/** The place of an hour: repeated hours share a row. */
export function cellBox(
  { left, top, column, row }: HeatLayout,
  index: number,
  { hour, part, parts }: Pick<HeatCell, "hour" | "part" | "parts">,
): { readonly x: number; readonly y: number; readonly width: number; readonly height: number } {
  return { x: left + index * column, y: top + (hour + part / parts) * row, width: column, height: row / parts };
}

/** A cell: a day and one of its hours. */
export interface CellPlace {
  readonly day: number;
  readonly cell: number;
}

/** The cell at a place of the chart; null: none, for example at an hour that the clock skipped. */
export function cellAt(layout: HeatLayout, days: readonly HeatDay[], x: number, y: number): CellPlace | null {
  const day = Math.floor((x - layout.left) / layout.column);
  const hours = (y - layout.top) / layout.row;
  const cell = (days[day]?.cells ?? []).findIndex(
    ({ hour, part, parts }) => hours >= hour + part / parts && hours < hour + (part + 1) / parts,
  );
  return cell < 0 ? null : { day, cell };
}

/**
 * The cell after a key: Up and Down move by an hour, Left and Right by a day at the same hour, Home and End to the
 * first and last day.
 */
export function cellAfter(days: readonly HeatDay[], { day, cell }: CellPlace, key: string): CellPlace | null {
  const step = { ArrowLeft: day - 1, ArrowRight: day + 1, Home: 0, End: days.length - 1 }[key];
  if (step !== undefined) {
    const to = Math.min(days.length - 1, Math.max(0, step));
    const hour = days[day]?.cells[cell]?.hour ?? 0;
    const found = (days[to]?.cells ?? []).findIndex((one) => one.hour >= hour);
    return { day: to, cell: found < 0 ? (days[to]?.cells.length ?? 1) - 1 : found };
  }
  if (key !== "ArrowUp" && key !== "ArrowDown") return null;
  const last = (days[day]?.cells.length ?? 1) - 1;
  return { day, cell: Math.min(last, Math.max(0, cell + (key === "ArrowUp" ? -1 : 1))) };
}
