import type { ShapedSeries } from "@building-vitals/core/query/shape";
import { freeColumns } from "./free-columns.ts";
import type { Metadata } from "./metadata.ts";
import { byName } from "./series-order.ts";
import { TextBytes, utf8 } from "./text-bytes.ts";
import { valueText } from "./value-text.ts";

function* column(out: TextBytes, name: string, length: number, textAt: (i: number) => string): Generator<Uint8Array> {
  out.ascii(`,"${name}":[`);
  for (let i = 0; i < length; i++) {
    if (i > 0) out.ascii(",");
    out.ascii(textAt(i));
    if (out.isFull) yield out.take();
  }
  out.ascii("]");
}

function* seriesBytes(out: TextBytes, series: ShapedSeries): Generator<Uint8Array> {
  const { point, unit, times, values, min, max, count, filled } = series;
  out.text(`{"point_name":${JSON.stringify(point.name)},"unit":${JSON.stringify(unit)}`);
  yield* column(out, "timestamps", times.length, (i) => String(times[i]!));
  yield* column(out, "values", values.length, (i) => valueText(values[i]!, "null"));
  if (min !== undefined) yield* column(out, "min", min.length, (i) => valueText(min[i]!, "null"));
  if (max !== undefined) yield* column(out, "max", max.length, (i) => valueText(max[i]!, "null"));
  if (count !== undefined) yield* column(out, "count", count.length, (i) => String(count[i]!));
  if (filled !== undefined) yield* column(out, "filled", filled.length, (i) => String(filled[i]!));
  out.ascii("}");
}

/**
 * `format=json`: a series a point, in columns. Piece by piece, for the whole may be 40 MB of text.
 * @param isLast nothing uses the series' columns afterwards: each is freed when it is written
 */
export function* writeJson(
  siteName: string,
  series: readonly ShapedSeries[],
  metadata: Metadata,
  isLast: boolean,
): Generator<Uint8Array> {
  const out = new TextBytes();
  out.text(`{"site_name":${JSON.stringify(siteName)},"interval":"${metadata.interval}","series":[`);
  for (const [i, one] of series.entries()) {
    if (i > 0) out.ascii(",");
    yield* seriesBytes(out, one);
    if (isLast) freeColumns(one);
  }
  out.text(`],"metadata":${JSON.stringify(metadata)}}`);
  yield out.take();
}

/** `format=rows`: an object a sample, by point name and then by time. @param isLast as for {@link writeJson} */
export function* writeRows(
  siteName: string,
  series: readonly ShapedSeries[],
  metadata: Metadata,
  isLast: boolean,
): Generator<Uint8Array> {
  const out = new TextBytes();
  out.text(`{"site_name":${JSON.stringify(siteName)},"samples":[`);
  let isFirst = true;
  for (const one of byName(series)) {
    const { point, times, values, filled } = one;
    const start = utf8(`{"point_name":${JSON.stringify(point.name)},"timestamp":`);
    for (let i = 0; i < times.length; i++) {
      if (!isFirst) out.ascii(",");
      isFirst = false;
      out.bytes(start);
      out.ascii(String(times[i]!));
      out.ascii(',"value":');
      out.ascii(valueText(values[i]!, "null"));
      if (filled !== undefined) out.ascii(filled[i] === 1 ? ',"filled":1' : ',"filled":0');
      out.ascii("}");
      if (out.isFull) yield out.take();
    }
    if (isLast) freeColumns(one);
  }
  out.text(`],"metadata":${JSON.stringify(metadata)}}`);
  yield out.take();
}
