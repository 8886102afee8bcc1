import type { ShapedSeries } from "@building-vitals/core/query/shape";
import { byName } from "./series-order.ts";
import { valueText } from "./value-text.ts";

/** Rows turned into text at a time: a piece is about 100 KB. */
const PIECE = 1_000;

/** What a spreadsheet takes for the start of a formula. */
const FORMULA = /^[=+\-@\t\r]/;

/**
 * A text of ours in a field of its own (RFC 4180). Names come from controllers that anybody may have named: one that a
 * spreadsheet would run as a formula is given an apostrophe, which makes it text there.
 */
function csvText(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/**
 * `format=csv`: a row a sample, by point name and then by time, as RFC 4180 has it. `timestamp` is in epoch
 * milliseconds and `time` the same in ISO 8601; a value that is none is empty.
 */
export function* writeCsv(series: readonly ShapedSeries[]): Generator<string> {
  const [first] = series;
  const extra = [
    ...(first?.count === undefined ? [] : ["min", "max", "count"]),
    ...(first?.filled === undefined ? [] : ["filled"]),
  ];
  yield `${["point_name", "timestamp", "time", "value", "unit", ...extra].join()}\r\n`;
  for (const { point, unit, times, values, min, max, count, filled } of byName(series)) {
    const [name, unitText] = [csvText(point.name), csvText(unit ?? "")];
    for (let from = 0; from < times.length; from += PIECE) {
      let text = "";
      for (let i = from; i < Math.min(times.length, from + PIECE); i++) {
        const time = times[i]!;
        text += `${name},${time},${new Date(time).toISOString()},${valueText(values[i]!, "")},${unitText}`;
        if (min !== undefined) text += `,${valueText(min[i]!, "")}`;
        if (max !== undefined) text += `,${valueText(max[i]!, "")}`;
        if (count !== undefined) text += `,${count[i]!}`;
        if (filled !== undefined) text += `,${filled[i]!}`;
        text += "\r\n";
      }
      yield text;
    }
  }
}
