import { z } from "zod";
import { blockDayKey, dayOfKey } from "../src/rollups/block-day-key.ts";
import { blockDayRow, type PointSlice } from "../src/rollups/block-day-rows.ts";
import type { HourAggregate } from "../src/rollups/hour-aggregates.ts";
import { decodeSlice, encodeSlice, type PointDaySlice } from "../src/rollups/hour-slice.ts";
import { locatorNumbers } from "../src/parquet/locator.ts";
import { pointsOfRow, type StoredRow } from "../src/rollups/read-rows.ts";
import { writeHours } from "../src/rollups/write-rows.ts";

/** A point's day as in `block_days`. */
export interface StoredPointDay extends PointDaySlice {
  readonly pointId: number;
  readonly day: number;
  /** number of samples in the day's file; null: not in a file */
  readonly rows: number | null;
}

const rowsSchema = z.array(z.object({ key: z.int(), places: z.string(), hours: z.string() }));

async function storedRows(db: D1Database): Promise<StoredRow[]> {
  const sql = "SELECT key, json(places) AS places, hex(hours) AS hours FROM block_days ORDER BY key";
  return rowsSchema.parse((await db.prepare(sql).all()).results).map((row) => ({ ...row, packed: null }));
}

/** The days of all points of a database, by point and then by day. */
export async function storedPointDays(db: D1Database): Promise<StoredPointDay[]> {
  const all = (await storedRows(db)).flatMap((row) =>
    pointsOfRow(row)!.map(({ pointId, slice, rows }) => ({
      pointId,
      day: dayOfKey(row.key),
      rows,
      ...decodeSlice(slice),
    })),
  );
  return all.toSorted((a, b) => a.pointId - b.pointId || a.day - b.day);
}

/** An hour in short: `[n, value]` if all samples are equal, else `[n, min, max, sum]`. */
export function shortHours(hours: readonly (HourAggregate | null)[]): (0 | number[])[] {
  return hours.map((hour) => {
    if (hour === null) return 0;
    const { n, min, max, sum } = hour;
    return Object.is(min, max) && Object.is(sum, n * min) ? [n, min] : [n, min, max, sum];
  });
}

/** Replaces each slice by the result of `change`, to plant damage. Bytes are stored unchanged. */
export async function changeSlices(
  db: D1Database,
  change: (slice: Uint8Array, about: { readonly pointId: number; readonly day: number }) => Uint8Array,
): Promise<void> {
  const rows = (await storedRows(db)).map((row) => {
    const day = dayOfKey(row.key);
    const points = pointsOfRow(row)!.map((one) => ({
      ...one,
      slice: change(one.slice, { pointId: one.pointId, day }),
    }));
    return blockDayRow(row.key, points);
  });
  await db.batch(writeHours(db, rows));
}

/** {@link changeSlices} for aggregates. */
export async function changeHours(
  db: D1Database,
  change: (hours: (HourAggregate | null)[], pointId: number) => (HourAggregate | null)[],
): Promise<void> {
  await changeSlices(db, (slice, { pointId }) => {
    const { hours, locator } = decodeSlice(slice);
    return encodeSlice({ hours: change([...hours], pointId), locator });
  });
}

/** {@link changeSlices} for the numbers of locators. Points without a locator stay. */
export async function changeLocators(
  db: D1Database,
  change: (numbers: readonly number[], about: { readonly pointId: number; readonly day: number }) => readonly number[],
): Promise<void> {
  await changeSlices(db, (slice, about) => {
    const { hours, locator } = decodeSlice(slice);
    if (locator === null) return slice;
    const [
      offset = 0,
      timeBytes = 0,
      nameBytes = 0,
      valueBytes = 0,
      rowsOfGroup = 0,
      crc32 = 0,
      firstRow = 0,
      rows = 0,
    ] = change(locatorNumbers(locator), about);
    const group = { offset, timeBytes, nameBytes, valueBytes, rows: rowsOfGroup, crc32 };
    return encodeSlice({ hours, locator: { group, firstRow, rows } });
  });
}

/** Adds points to a day's rows. Points of the same row must be given together. */
export async function insertPointDays(db: D1Database, day: number, points: readonly PointSlice[]): Promise<void> {
  const rows = [...Map.groupBy(points, ({ pointId }) => blockDayKey(pointId, day))];
  await db.batch(
    writeHours(
      db,
      rows.map(([key, ofRow]) => blockDayRow(key, ofRow)),
    ),
  );
}
