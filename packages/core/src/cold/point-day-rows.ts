import { DAYS } from "../domain/day.ts";
import { jsonChunks, MAX_ASCII_CHARS } from "../d1/json-chunks.ts";
import { readZstdFrame, zstdFrame } from "./zstd-frame.ts";

/** A row of `point_days`, and the times that it brings for `points.first_seen` and `last_seen`. */
export interface PointDayRow {
  readonly pointId: number;
  readonly day: number;
  readonly rows: number;
  /** {@link locatorText} */
  readonly locator: string;
  /** {@link hourAggregatesText} */
  readonly hours: string;
  /** {@link qualityValues}; null: the day was not judged */
  readonly quality: readonly (number | null)[] | null;
  /** epoch ms of the first and the last sample */
  readonly first: number;
  readonly last: number;
}

/** `point_days.point_day`: a point's days lie together. */
export function pointDayKey(pointId: number, day: number): number {
  return pointId * DAYS + day;
}

/** ?1: a text of {@link pointDayTexts}; SQL's names for what is in it. */
export const POINT_DAY_FIELDS = {
  key: "value ->> 0",
  rows: "value ->> 1",
  locator: "value ->> 2",
  hours: "value ->> 3",
  pointId: "value ->> 4",
  first: "value ->> 5",
  last: "value ->> 6",
  quality: `value ->> '$[7][0]', value ->> '$[7][1]', value ->> '$[7][2]', value ->> '$[7][3]', value ->> '$[7][4]',
  value ->> '$[7][5]', value ->> '$[7][6]', value ->> '$[7][7]', value ->> '$[7][8]'`,
} as const;

function rowJson({ pointId, day, rows, locator, hours, first, last, quality }: PointDayRow): string {
  return JSON.stringify([pointDayKey(pointId, day), rows, locator, hours, pointId, first, last, quality]);
}

/** JSON arrays of rows, each to be bound to a statement. */
export function pointDayTexts(rows: Iterable<PointDayRow>): string[] {
  return [...jsonChunks(rows, rowJson, MAX_ASCII_CHARS)].map((chunk) => chunk.json);
}

/** Packs rows for staging, already as the texts that D1 is given. @returns the object, and its size when unpacked */
export function packPointDays(rows: Iterable<PointDayRow>): { packed: Uint8Array<ArrayBuffer>; size: number } {
  const texts = pointDayTexts(rows);
  // JSON has no line break outside of strings, nor inside
  const bytes = new TextEncoder().encode(texts.join("\n"));
  return { packed: zstdFrame(bytes), size: bytes.length };
}

/** The texts of {@link packPointDays}. @throws {Error} where they are damaged */
export function unpackPointDays(packed: Uint8Array, size: number): string[] {
  return new TextDecoder().decode(readZstdFrame(packed, size)).split("\n");
}
