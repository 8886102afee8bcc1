import { numberText } from "@building-vitals/core/hot/hour-row";
import type { QueriedSeries, QueryAnswer } from "@building-vitals/core/query/execute";
import type { Metadata } from "./metadata.ts";

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

function* seriesText({ point, times, values, min, max, count }: QueriedSeries): Generator<string> {
  yield `{"point_name":${JSON.stringify(point.name)},"unit":${JSON.stringify(point.unit)}`;
  yield* column("timestamps", times.length, (i) => String(times[i]!));
  yield* column("values", values.length, (i) => numberText(values[i]!));
  if (min !== undefined) yield* column("min", min.length, (i) => numberText(min[i]!));
  if (max !== undefined) yield* column("max", max.length, (i) => numberText(max[i]!));
  if (count !== undefined) yield* column("count", count.length, (i) => String(count[i]!));
  yield "}";
}

/** `format=json`: a series a point, in columns. Piece by piece, for the whole may be 40 MB of text. */
export function* writeJson(siteName: string, answer: QueryAnswer, metadata: Metadata): Generator<string> {
  yield `{"site_name":${JSON.stringify(siteName)},"interval":"${metadata.interval}","series":[`;
  for (const [i, series] of answer.series.entries()) {
    if (i > 0) yield ",";
    yield* seriesText(series);
  }
  yield `],"metadata":${JSON.stringify(metadata)}}`;
}

/** `format=rows`: an object a sample, by point name and then by time. */
export function* writeRows(siteName: string, answer: QueryAnswer, metadata: Metadata): Generator<string> {
  yield `{"site_name":${JSON.stringify(siteName)},"samples":[`;
  let separator = "";
  const byName = answer.series.toSorted((a, b) => (a.point.name < b.point.name ? -1 : 1));
  for (const { point, times, values } of byName) {
    const start = `{"point_name":${JSON.stringify(point.name)},"timestamp":`;
    for (let from = 0; from < times.length; from += PIECE) {
      let text = "";
      for (let i = from; i < Math.min(times.length, from + PIECE); i++) {
        text += `${separator}${start}${times[i]!},"value":${numberText(values[i]!)}}`;
        separator = ",";
      }
      yield text;
    }
  }
  yield `],"metadata":${JSON.stringify(metadata)}}`;
}

/** A body that makes its pieces when they are asked for. */
export function streamPieces(pieces: Iterator<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    pull(controller) {
      const { value, done } = pieces.next();
      if (done === true) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
  });
}
