import type { ShapedSeries } from "@building-vitals/core/query/shape";
import { freeColumns } from "./free-columns.ts";
import { type FurtherColumn, furtherColumns, isTexts } from "./series-columns.ts";
import { byName } from "./series-order.ts";
import { TextBytes, valueText } from "./text-bytes.ts";

/** First characters that make a spreadsheet read a field as a formula. */
const FORMULA = /^[=+\-@\t\r]/;

/**
 * A text as a CSV field (RFC 4180). Point names come from controllers and are not trusted: a leading apostrophe keeps a
 * spreadsheet from running a name as a formula.
 */
function csvText(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** A field of a column; no value is empty. */
function csvField(values: FurtherColumn["values"], i: number): string {
  return isTexts(values) ? csvText(values[i]!) : valueText(values[i]!, "");
}

/**
 * `format=csv` (RFC 4180): a row per sample, ordered by point name, then time.
 * - `timestamp` is in epoch milliseconds, `time` the same in ISO 8601.
 * - A missing value is empty.
 * @param isLast no code uses the series' columns afterwards: each is freed when it is written
 */
export function* writeCsv(series: readonly ShapedSeries[], isLast: boolean): Generator<Uint8Array> {
  const extra = series.slice(0, 1).flatMap((first) => furtherColumns(first).map(({ name }) => name));
  const out = new TextBytes();
  out.add(`${["point_name", "timestamp", "time", "value", "unit", ...extra].join()}\r\n`);
  for (const pointSeries of byName(series)) {
    const { point, unit, times, values } = pointSeries;
    const further = furtherColumns(pointSeries);
    const [name, unitText] = [`${csvText(point.name)},`, `,${csvText(unit ?? "")}`];
    const cell = (text: string) => {
      out.add(",");
      out.add(text);
    };
    for (let i = 0; i < times.length; i++) {
      const time = times[i]!;
      out.add(name);
      out.add(String(time));
      cell(new Date(time).toISOString());
      cell(valueText(values[i]!, ""));
      out.add(unitText);
      for (const { values: column } of further) cell(csvField(column, i));
      out.add("\r\n");
      if (out.isFull) yield out.take();
    }
    if (isLast) freeColumns(pointSeries);
  }
  yield out.take();
}
