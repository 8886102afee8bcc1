import type { ShapedSeries } from "@building-vitals/core/query/shape";
import type { Metadata } from "./metadata.ts";
import { byName } from "./series-order.ts";
import { valueText } from "./value-text.ts";

/** Values turned into text at a time: a piece is about 60 KB. */
const PIECE = 4_000;

function* column(name: string, length: number, textAt: (i: number) => string): Generator<string> {
  yield `,${JSON.stringify(name)}:[`;
  for (let from = 0; from < length; from += PIECE) {
    let text = from > 0 ? "," : "";
    const to = Math.min(length, from + PIECE);
    for (let i = from; i < to; i++) text += i > from ? `,${textAt(i)}` : textAt(i);
    yield text;
  }
  yield "]";
}

function* seriesText({ point, unit, times, values, min, max, count, filled }: ShapedSeries): Generator<string> {
  yield `{"point_name":${JSON.stringify(point.name)},"unit":${JSON.stringify(unit)}`;
  yield* column("timestamps", times.length, (i) => String(times[i]!));
  yield* column("values", values.length, (i) => valueText(values[i]!, "null"));
  if (min !== undefined) yield* column("min", min.length, (i) => valueText(min[i]!, "null"));
  if (max !== undefined) yield* column("max", max.length, (i) => valueText(max[i]!, "null"));
  if (count !== undefined) yield* column("count", count.length, (i) => String(count[i]!));
  if (filled !== undefined) yield* column("filled", filled.length, (i) => String(filled[i]!));
  yield "}";
}

/** `format=json`: a series a point, in columns. Piece by piece, for the whole may be 40 MB of text. */
export function* writeJson(siteName: string, series: readonly ShapedSeries[], metadata: Metadata): Generator<string> {
  yield `{"site_name":${JSON.stringify(siteName)},"interval":"${metadata.interval}","series":[`;
  for (const [i, one] of series.entries()) {
    if (i > 0) yield ",";
    yield* seriesText(one);
  }
  yield `],"metadata":${JSON.stringify(metadata)}}`;
}

/** `format=rows`: an object a sample, by point name and then by time. */
export function* writeRows(siteName: string, series: readonly ShapedSeries[], metadata: Metadata): Generator<string> {
  yield `{"site_name":${JSON.stringify(siteName)},"samples":[`;
  let separator = "";
  for (const { point, times, values, filled } of byName(series)) {
    const start = `{"point_name":${JSON.stringify(point.name)},"timestamp":`;
    for (let from = 0; from < times.length; from += PIECE) {
      let text = "";
      for (let i = from; i < Math.min(times.length, from + PIECE); i++) {
        const flag = filled === undefined ? "" : `,"filled":${filled[i]!}`;
        text += `${separator}${start}${times[i]!},"value":${valueText(values[i]!, "null")}${flag}}`;
        separator = ",";
      }
      yield text;
    }
  }
  yield `],"metadata":${JSON.stringify(metadata)}}`;
}
