import { jsonChunks, MAX_ASCII_CHARS } from "../d1/json-chunks.ts";
import { hexOf } from "../bytes/hex.ts";
import { isOfPointSql } from "./month-key.ts";
import type { PackedBytes } from "./point-month.ts";

// Statements that write `point_months`, and those that clear hours of `block_days` which moved there. The caller fences
// the batch.

/** ?1: JSON array of [key, head, hours]. An unchanged row is not written. */
const WRITE_MONTHS = `
INSERT INTO point_months (key, head, hours)
SELECT value ->> 0, unhex(value ->> 1), unhex(value ->> 2) FROM json_each(?1) WHERE true
ON CONFLICT (key) DO UPDATE SET head = excluded.head, hours = excluded.hours
WHERE head <> excluded.head OR hours <> excluded.hours`;

/** @param months by key */
export function writeMonths(db: D1Database, months: ReadonlyMap<number, PackedBytes>): D1PreparedStatement[] {
  const textOf = ([key, { head, hours }]: [number, PackedBytes]) => `[${key},"${hexOf(head)}","${hexOf(hours)}"]`;
  return [...jsonChunks(months, textOf, MAX_ASCII_CHARS)].map(({ json }) => db.prepare(WRITE_MONTHS).bind(json));
}

const DELETE_MONTHS = "DELETE FROM point_months WHERE key IN (SELECT value FROM json_each(?1))";

export function deleteMonths(db: D1Database, keys: readonly number[]): D1PreparedStatement {
  return db.prepare(DELETE_MONTHS).bind(JSON.stringify(keys));
}

const MOVE_AWAY = "UPDATE block_days SET key = -key WHERE key IN (SELECT value FROM json_each(?1)) AND hours <> x''";
const MOVE_BACK = "UPDATE block_days SET key = -key, hours = x'' WHERE key IN (SELECT -value FROM json_each(?1))";

/**
 * Clears the hours of rows of `block_days` and keeps their places and quality. It writes each row twice, away and back:
 * SQLite merges pages that rows leave, but not pages whose rows shrink, and 70% of the table would stay empty.
 */
export function emptyHours(db: D1Database, keys: readonly number[]): D1PreparedStatement[] {
  const json = JSON.stringify(keys);
  return [db.prepare(MOVE_AWAY).bind(json), db.prepare(MOVE_BACK).bind(json)];
}

/** ?1: point. */
const DELETE_POINT = `
DELETE FROM point_months WHERE ${isOfPointSql("key", "?1")}`;

/** Deletes a point's months. Use it for a point that is in no day file any more. */
export function deleteMonthsOfPoint(db: D1Database, pointId: number): D1PreparedStatement {
  return db.prepare(DELETE_POINT).bind(pointId);
}

/** ?1: site, ?2: maximum of rows. */
const DELETE_SITE = `
DELETE FROM point_months WHERE key IN (
  SELECT m.key FROM points p
  CROSS JOIN point_months m ON ${isOfPointSql("m.key", "p.id")}
  WHERE p.site_id = ?1 LIMIT ?2
)`;

/** Deletes some months of a site's points. Run it before the points are deleted. */
export function deleteMonthsOfSite(db: D1Database, siteId: number, maxRows: number): D1PreparedStatement {
  return db.prepare(DELETE_SITE).bind(siteId, maxRows);
}
