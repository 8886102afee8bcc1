import { jsonChunks, MAX_ASCII_CHARS } from "../d1/json-chunks.ts";
import { blockDayKey } from "./block-day-key.ts";
import { hexOf } from "../bytes/hex.ts";

/** A point's part of a row. */
export interface PointSlice {
  readonly pointId: number;
  /** `encodeSlice` of its hours and its locator */
  readonly slice: Uint8Array;
  /** its samples in the day's file; null: the file does not have the point */
  readonly rows: number | null;
}

/**
 * A row of `block_days` without its quality. Its texts are exactly as SQL writes them, so that equal rows have equal
 * texts.
 */
export interface BlockDayRow {
  readonly key: number;
  /** JSON `{"<point id>":[<offset in hours, from 1>,<bytes>,<samples in the day's file>],…}` */
  readonly places: string;
  /** the concatenated slices, hexadecimal */
  readonly hours: string;
}

/** The rows of a site's day. @param points in any order, each once */
export function blockDayRows(day: number, points: readonly PointSlice[]): BlockDayRow[] {
  const blocks = Map.groupBy(points, ({ pointId }) => blockDayKey(pointId, day));
  return [...blocks].map(([key, ofBlock]) => blockDayRow(key, ofBlock));
}

/** @param points of the row, in any order; empty: a row that has only a quality */
export function blockDayRow(key: number, points: readonly PointSlice[]): BlockDayRow {
  let offset = 1;
  const places: string[] = [];
  const slices: string[] = [];
  for (const { pointId, slice, rows } of points.toSorted((a, b) => a.pointId - b.pointId)) {
    places.push(`"${pointId}":[${offset},${slice.length},${rows}]`);
    slices.push(hexOf(slice));
    offset += slice.length;
  }
  return { key, places: `{${places.join()}}`, hours: slices.join("") };
}

/** The quality of a point's day, as `qualityValues` returns it. */
export interface PointQualityValues {
  readonly pointId: number;
  readonly quality: readonly (number | null)[];
}

/** The qualities of a site's day by key of their row: JSON `{"<point id>":[<values>],…}`, ascending by point. */
export function qualityTexts(day: number, points: readonly PointQualityValues[]): Map<number, string> {
  const ascending = points.toSorted((a, b) => a.pointId - b.pointId);
  const blocks = Map.groupBy(ascending, ({ pointId }) => blockDayKey(pointId, day));
  const textOf = ({ pointId, quality }: PointQualityValues) => `"${pointId}":${JSON.stringify(quality)}`;
  return new Map([...blocks].map(([key, ofBlock]) => [key, `{${ofBlock.map(textOf).join()}}`]));
}

/**
 * JSON arrays of rows `[key, places, hours, quality]`, one for each statement.
 * @param qualities by key; a row without an entry has no quality
 */
export function rowTexts(rows: readonly BlockDayRow[], qualities: ReadonlyMap<number, string> = new Map()): string[] {
  const textOf = ({ key, places, hours }: BlockDayRow) => `[${key},${places},"${hours}",${qualities.get(key) ?? null}]`;
  return [...jsonChunks(rows, textOf, MAX_ASCII_CHARS)].map(({ json }) => json);
}
