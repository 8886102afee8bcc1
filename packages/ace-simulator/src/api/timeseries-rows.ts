import { formatRowTime, type Fraction } from "./cursor.ts";
import type { ScrapeSource } from "../scrape-source.ts";
import type { Slice } from "./timeseries-page.ts";

/** The start of each point's row in JSON, up to the value, so that names are escaped once. */
const openings = new WeakMap<ScrapeSource, readonly string[]>();

function openingsOf(source: ScrapeSource): readonly string[] {
  let known = openings.get(source);
  if (!known) {
    known = source.points.map((point) => `{"name":${JSON.stringify(point.name)},"value":"`);
    openings.set(source, known);
  }
  return known;
}

/** The rows of a page as JSON texts. */
export function formatRows(source: ScrapeSource, slices: readonly Slice[], fraction: Fraction): string[] {
  const opening = openingsOf(source);
  const rows: string[] = [];
  for (const { frame, from, to } of slices) {
    const closing = `","time":"${formatRowTime(frame.timeUs, fraction)}"}`;
    for (let i = from; i < to; i++) {
      const point = frame.points[i]!;
      rows.push(opening[point]! + frame.valueText(point) + closing);
    }
  }
  return rows;
}
