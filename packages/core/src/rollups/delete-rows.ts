import { blockDayKeySql, DAYS_END, pathSql, rowKeySql, SITE_ROW_BLOCKS } from "./block-day-key.ts";

/** ?1: site, ?2: day. */
const DELETE_DAY = `
DELETE FROM block_days WHERE key IN (SELECT DISTINCT ${blockDayKeySql("p.id", "?2")} FROM points p WHERE p.site_id = ?1)`;

/** Deletes all rows of a site's day. */
export function deleteDayRows(db: D1Database, siteId: number, day: number): D1PreparedStatement {
  return db.prepare(DELETE_DAY).bind(siteId, day);
}

/** ?1: point, ?2: day. */
const DELETE_ROW = `DELETE FROM block_days WHERE key = ${blockDayKeySql("?1", "?2")}`;

/**
 * Deletes the row of a point's day. Use it for a day whose file has this point only; the quality of the row's other
 * points must be stale then.
 */
export function deleteRowOf(db: D1Database, pointId: number, day: number): D1PreparedStatement {
  return db.prepare(DELETE_ROW).bind(pointId, day);
}

/**
 * ?1: point, as text: a number would become a JSON path like $."5.0". A damaged column is left, because checking all of
 * them would read every byte.
 */
const DELETE_OPEN_DAYS = `
UPDATE block_days SET
  places = CASE WHEN json_valid(places, 8) THEN jsonb_remove(places, ${pathSql("?1", "")}) ELSE places END,
  quality = CASE WHEN json_valid(quality, 8) THEN jsonb_remove(quality, ${pathSql("?1", "")}) ELSE quality END
WHERE key >= ${blockDayKeySql("?1", "0")} AND key < ${blockDayKeySql("?1", DAYS_END)}
  AND CASE WHEN json_valid(places, 8) THEN places ->> ${pathSql("?1", "[2]")} END IS NULL
  AND (CASE WHEN json_valid(places, 8) THEN places -> ${pathSql("?1", "")} END IS NOT NULL
    OR CASE WHEN json_valid(quality, 8) THEN quality -> ${pathSql("?1", "")} END IS NOT NULL)`;

/**
 * Deletes a point's aggregates and quality of the days whose file does not have it. The next roll-up of such a day
 * drops its bytes.
 */
export function deleteOpenDays(db: D1Database, pointId: number): D1PreparedStatement {
  return db.prepare(DELETE_OPEN_DAYS).bind(String(pointId));
}

/** ?1: site, ?2: maximum of rows. */
const DELETE_SITE = `
DELETE FROM block_days WHERE key IN (
  SELECT d.key FROM ${SITE_ROW_BLOCKS} b
  CROSS JOIN block_days d ON d.key >= ${rowKeySql("b.block", "0")} AND d.key < ${rowKeySql("b.block + 1", "0")} LIMIT ?2
)`;

/** Deletes some rows of a site. Run it before the site's points are deleted. */
export function deleteRowsOfSite(db: D1Database, siteId: number, maxRows: number): D1PreparedStatement {
  return db.prepare(DELETE_SITE).bind(siteId, maxRows);
}
