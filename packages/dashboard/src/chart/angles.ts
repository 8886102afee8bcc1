import type { ChartSeries } from "./series.ts";

/** Full turns of the units of angles. */
const TURNS: ReadonlyMap<string | null, number> = new Map([
  ["°", 360],
  ["°ph", 360],
  ["rad", 2 * Math.PI],
]);

/**
 * Whether the shorter way from the previous sample to the one at an index crosses the end of the scale, such as from
 * 350° to 10°. A line between them would pass through directions that were never measured.
 */
export function wrapsBefore({ unit, values }: Pick<ChartSeries, "unit" | "values">, index: number): boolean {
  const turn = TURNS.get(unit);
  return turn !== undefined && index > 0 && Math.abs(values[index]! - values[index - 1]!) > turn / 2;
}
