import { z } from "zod";
import { blockDayRows, type PointSlice, qualityTexts, rowTexts } from "../rollups/block-day-rows.ts";
import { readZstdFrame, zstdFrame } from "../bytes/zstd-frame.ts";

/** A point of a day file: its aggregates for D1, and its times for `points.first_seen` and `last_seen`. */
export interface FilePoint extends PointSlice {
  /** samples in the file */
  readonly rows: number;
  /** `qualityValues`; null: the day was not judged */
  readonly quality: readonly (number | null)[] | null;
  /** epoch ms of the first sample; `last` of the last one */
  readonly first: number;
  readonly last: number;
}

const fileRowsSchema = z.object({ keys: z.array(z.int()), texts: z.array(z.string()), seen: z.array(z.string()) });

/** The rows of a day file in D1, as the texts that are bound to its statements. */
export interface FileRows {
  /** keys of the rows of `block_days` */
  readonly keys: readonly number[];
  /** JSON arrays of those rows */
  readonly texts: readonly string[];
  /** JSON arrays of [point id, first, last], each of at most {@link SEEN_AT_ONCE} points */
  readonly seen: readonly string[];
}

/** Points per transaction; each writes a row. */
const SEEN_AT_ONCE = 1_000;

export function fileRows(day: number, points: readonly FilePoint[]): FileRows {
  const rows = blockDayRows(day, points);
  const judged = points.flatMap(({ pointId, quality }) => (quality === null ? [] : [{ pointId, quality }]));
  const seen: string[] = [];
  for (let first = 0; first < points.length; first += SEEN_AT_ONCE) {
    const some = points.slice(first, first + SEEN_AT_ONCE);
    seen.push(JSON.stringify(some.map((point) => [point.pointId, point.first, point.last])));
  }
  return { keys: rows.map(({ key }) => key), texts: rowTexts(rows, qualityTexts(day, judged)), seen };
}

/** Packs rows for staging. @returns the object, and its size before compression in bytes */
export function packFileRows(rows: FileRows): { packed: Uint8Array<ArrayBuffer>; size: number } {
  const bytes = new TextEncoder().encode(JSON.stringify(rows));
  return { packed: zstdFrame(bytes), size: bytes.length };
}

/** The inverse of {@link packFileRows}. @throws {Error} if the object is damaged */
export function unpackFileRows(packed: Uint8Array, size: number): FileRows {
  return fileRowsSchema.parse(JSON.parse(new TextDecoder().decode(readZstdFrame(packed, size))));
}
