import { z } from "zod";
import { blockDayRows, type PointSlice, qualityTexts, rowTexts } from "../rollups/block-day-rows.ts";
import { readZstdFrame, zstdFrame } from "../bytes/zstd-frame.ts";

/** A point of a day file: what D1 keeps of it, and the times that it brings for `points.first_seen` and `last_seen`. */
export interface FilePoint extends PointSlice {
  /** its samples in the file */
  readonly rows: number;
  /** `qualityValues`; null: the day was not judged */
  readonly quality: readonly (number | null)[] | null;
  /** epoch ms of the first and the last sample */
  readonly first: number;
  readonly last: number;
}

const fileRowsSchema = z.object({ keys: z.array(z.int()), texts: z.array(z.string()), seen: z.array(z.string()) });

/** What a day file brings to D1, as the texts that D1 is given. */
export interface FileRows {
  /** of the rows of `block_days` */
  readonly keys: readonly number[];
  /** JSON arrays of these rows */
  readonly texts: readonly string[];
  /** JSON arrays of [point id, first, last], each of at most {@link SEEN_AT_ONCE} points */
  readonly seen: readonly string[];
}

/** Points whose times are written in one transaction, a row each. */
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

/** Packs rows for staging. @returns the object, and its size when unpacked */
export function packFileRows(rows: FileRows): { packed: Uint8Array<ArrayBuffer>; size: number } {
  const bytes = new TextEncoder().encode(JSON.stringify(rows));
  return { packed: zstdFrame(bytes), size: bytes.length };
}

/** The inverse of {@link packFileRows}. @throws {Error} where the object is damaged */
export function unpackFileRows(packed: Uint8Array, size: number): FileRows {
  return fileRowsSchema.parse(JSON.parse(new TextDecoder().decode(readZstdFrame(packed, size))));
}
