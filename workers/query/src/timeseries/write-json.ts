import type { ShapedSeries } from "@building-vitals/core/query/shape";
import { freeColumns } from "./free-columns.ts";
import type { Metadata } from "./metadata.ts";
import { type FurtherColumn, furtherColumns, isTexts } from "./series-columns.ts";
import { byName } from "./series-order.ts";
import { TextBytes, valueText } from "./text-bytes.ts";

/** Values that are written at a time. */
const VALUES_AT_ONCE = 512;

type Column = FurtherColumn["values"];

function* column(out: TextBytes, name: string, values: Column): Generator<Uint8Array> {
  out.add(`,"${name}":[`);
  if (isTexts(values)) {
    yield* texts(out, values);
    return;
  }
  for (let from = 0; from < values.length; from += VALUES_AT_ONCE) {
    if (from > 0) out.add(",");
    out.addNumbers(values.subarray(from, from + VALUES_AT_ONCE));
    if (out.isFull) yield out.take();
  }
  out.add("]");
}

function* texts(out: TextBytes, values: readonly string[]): Generator<Uint8Array> {
  for (const [i, text] of values.entries()) {
    out.add(i > 0 ? `,${JSON.stringify(text)}` : JSON.stringify(text));
    if (out.isFull) yield out.take();
  }
  out.add("]");
}

function* seriesBytes(out: TextBytes, series: ShapedSeries): Generator<Uint8Array> {
  const { point, unit, times, values, facts = {} } = series;
  out.add(JSON.stringify({ point_name: point.name, unit, ...facts }).slice(0, -1));
  yield* column(out, "timestamps", times);
  yield* column(out, "values", values);
  for (const further of furtherColumns(series)) yield* column(out, further.name, further.values);
  out.add("}");
}

/**
 * `format=json`: a series per point, in columns. Yields pieces, because the whole can be 40 MB of text.
 * @param isLast no code uses the series' columns afterwards: each is freed when it is written
 */
export function* writeJson(
  siteName: string,
  series: readonly ShapedSeries[],
  metadata: Metadata,
  isLast: boolean,
): Generator<Uint8Array> {
  const out = new TextBytes();
  out.add(`{"site_name":${JSON.stringify(siteName)},"interval":"${metadata.interval}","series":[`);
  for (const [i, pointSeries] of series.entries()) {
    if (i > 0) out.add(",");
    yield* seriesBytes(out, pointSeries);
    if (isLast) freeColumns(pointSeries);
  }
  out.add(`],"metadata":${JSON.stringify(metadata)}}`);
  yield out.take();
}

/** A field of a row in JSON. */
function field(values: Column, i: number): string {
  return isTexts(values) ? JSON.stringify(values[i]!) : valueText(values[i]!, "null");
}

/** `format=rows`: an object per sample, ordered by point name, then time. @param isLast as for {@link writeJson} */
export function* writeRows(
  siteName: string,
  series: readonly ShapedSeries[],
  metadata: Metadata,
  isLast: boolean,
): Generator<Uint8Array> {
  const out = new TextBytes();
  out.add(`{"site_name":${JSON.stringify(siteName)},"samples":[`);
  let isFirst = true;
  for (const pointSeries of byName(series)) {
    const { point, times, values, more = [], filled } = pointSeries;
    const further = [...more, ...(filled === undefined ? [] : [{ name: "filled", values: filled }])];
    const start = `{"point_name":${JSON.stringify(point.name)},"timestamp":`;
    for (let i = 0; i < times.length; i++) {
      if (!isFirst) out.add(",");
      isFirst = false;
      out.add(start);
      out.add(String(times[i]!));
      out.add(',"value":');
      out.add(valueText(values[i]!, "null"));
      for (const { name, values: fields } of further) out.add(`,"${name}":${field(fields, i)}`);
      out.add("}");
      if (out.isFull) yield out.take();
    }
    if (isLast) freeColumns(pointSeries);
  }
  out.add(`],"metadata":${JSON.stringify(metadata)}}`);
  yield out.take();
}
