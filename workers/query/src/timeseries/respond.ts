import type { TimeRange } from "@building-vitals/core/domain/time-range";
import type { ShapedSeries } from "@building-vitals/core/query/shape";
import { attachment } from "../attachment.ts";
import type { Metadata } from "./metadata.ts";
import { writeArrow } from "./write-arrow.ts";
import { type AnswerTimes, writeCsv } from "./write-csv.ts";
import { writeWideCsv } from "./write-csv-wide.ts";
import { writeJson, writeRows } from "./write-json.ts";

export const FORMATS = ["json", "rows", "csv", "arrow"] as const;
type Format = (typeof FORMATS)[number];

/** `long`: a row per sample; `wide`: a row per time, a column per series. */
export const LAYOUTS = ["long", "wide"] as const;

/** How an answer is written. */
export interface Form {
  readonly format: Format;
  readonly layout: (typeof LAYOUTS)[number];
  /** whether CSV begins with a byte order mark, by which Excel knows UTF-8 */
  readonly bom: boolean;
}

/** An answer that is ready to be written. */
export interface ReadyAnswer extends AnswerTimes {
  readonly siteName: string;
  readonly series: readonly ShapedSeries[];
  readonly metadata: Metadata;
  /** no code uses the series' columns afterwards: each is freed once sent */
  readonly isLast: boolean;
}

const JSON_TYPE = "application/json; charset=utf-8";

/** Entries per list in a metadata header. */
const ENTRIES_SHOWN = 20;

/** The lists that can be long. */
const LISTS = ["missing", "unjudged_points", "unknown_points", "unit_changes"] as const satisfies (keyof Metadata)[];
const CUT: ReadonlySet<string> = new Set(LISTS);

/** The body and headers of an answer. The body is streamed in pieces: the whole can be 100 MB of text. */
export function answerBody(
  { format, layout, bom }: Form,
  answer: ReadyAnswer,
): { readonly body: ReadableStream<Uint8Array>; readonly headers: Record<string, string> } {
  const { siteName, range, series, metadata, isLast } = answer;
  switch (format) {
    case "json":
      return { body: stream(writeJson(siteName, series, metadata, isLast)), headers: { "content-type": JSON_TYPE } };
    case "rows":
      return { body: stream(writeRows(siteName, series, metadata, isLast)), headers: { "content-type": JSON_TYPE } };
    case "csv": {
      const headers = {
        "content-type": "text/csv; charset=utf-8; header=present",
        "content-disposition": attachment(fileName(siteName, range, "csv")),
        "query-metadata": headerText(metadata),
      };
      const pieces = layout === "wide" ? writeWideCsv(series, answer, isLast) : writeCsv(series, answer, isLast);
      return { body: stream(bom ? withMark(pieces) : pieces), headers };
    }
    case "arrow": {
      const headers = {
        "content-type": "application/vnd.apache.arrow.stream",
        "content-disposition": attachment(fileName(siteName, range, "arrows")),
      };
      return { body: stream(writeArrow(siteName, series, metadata, isLast)), headers };
    }
    default:
      throw new Error(`unknown format: ${String(format satisfies never)}`);
  }
}

function* withMark(pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
  yield Uint8Array.of(0xef, 0xbb, 0xbf);
  yield* pieces;
}

/**
 * The metadata as ASCII JSON for a header. Long lists are truncated; fields such as `missing_total` give their full
 * lengths.
 */
function headerText(metadata: Metadata): string {
  const entries = Object.entries(metadata).flatMap(([key, value]: [string, unknown]) =>
    Array.isArray(value) && CUT.has(key)
      ? [
          [key, value.slice(0, ENTRIES_SHOWN)],
          [`${key}_total`, value.length],
        ]
      : [[key, value]],
  );
  return JSON.stringify(Object.fromEntries(entries)).replaceAll(/[^ -~]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

/** `ses_falls_city_20251012T000000Z_20251013T000000Z.csv` */
function fileName(siteName: string, { start, end }: TimeRange, extension: string): string {
  const time = (ms: number) => new Date(ms).toISOString().replace(/[-:]|\.\d+/g, "");
  return `${siteName}_${time(start)}_${time(end)}.${extension}`;
}

function stream(pieces: Iterator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull(controller) {
      const { value, done } = pieces.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
  });
}
