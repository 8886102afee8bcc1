import { formatTime, type Fraction } from "./cursor.ts";
import type { SampleSource } from "../sample-source.ts";
import type { Slice } from "./timeseries-page.ts";

/** The start of a row's JSON up to its value, a point each: names are escaped once, not once a row. */
const openings = new WeakMap<SampleSource, readonly string[]>();

function openingsOf(source: SampleSource): readonly string[] {
  let known = openings.get(source);
  if (!known) {
    known = source.points.map((point) => `{"name":${JSON.stringify(point.name)},"value":"`);
    openings.set(source, known);
  }
  return known;
}

/** The rows of a page as JSON texts. */
export function rowTexts(source: SampleSource, slices: readonly Slice[], fraction: Fraction): string[] {
  const opening = openingsOf(source);
  const rows: string[] = [];
  for (const { frame, from, to } of slices) {
    const closing = `","time":"${formatTime(frame.timeUs, fraction)}"}`;
    for (let i = from; i < to; i++) {
      const point = frame.points[i]!;
      rows.push(opening[point]! + frame.valueText(point) + closing);
    }
  }
  return rows;
}
