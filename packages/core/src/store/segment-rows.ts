import { isOfBlockSql, segmentKeySql, SITE_BLOCKS } from "./segment-key.ts";

// The statements that write `segments` (migrations/0001_schema.sql). A batch that changes rows raises the site's clock
// first; only the sweep need not.

/**
 * `->` and jsonb keep a number's text, so doubles come back bit for bit. ?1: JSON array of [key, asked, first, last,
 * body].
 */
const INSERT = `
INSERT INTO segments (key, asked, first, last, body)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, jsonb(value -> 4) FROM json_each(?1)`;

/**
 * Add it to the batch that moves the site's clock to the stamps of the rows. @param json array of rows, each a
 * `segmentJson`
 */
export function insertSegments(db: D1Database, json: string): D1PreparedStatement {
  return db.prepare(INSERT).bind(json);
}

/** ?1: site, ?2: day, ?3: stamp, ?4: maximum of rows. */
const DELETE_SETTLED = `
DELETE FROM segments WHERE key IN (
  SELECT s.key FROM ${SITE_BLOCKS} b
  CROSS JOIN segments s ON s.key >= ${segmentKeySql("b.block", "?2")} AND s.key <= ${segmentKeySql("b.block", "?2")} + ?3 LIMIT ?4
) AND EXISTS (SELECT 1 FROM day_files WHERE site_id = ?1 AND day = ?2 AND settled_stamp >= ?3)`;

/** Deletes some segments of a day up to a stamp; none if the published file does not have them. */
export function deleteSettled(
  db: D1Database,
  siteId: number,
  day: number,
  stamp: number,
  maxRows: number,
): D1PreparedStatement {
  return db.prepare(DELETE_SETTLED).bind(siteId, day, stamp, maxRows);
}

/** ?1: point, as text: a number would become a JSON path like $."5.0"; ?2: maximum of segments. */
const REMOVE_POINT = `
UPDATE segments SET body = jsonb_remove(body, '$."' || ?1 || '"') WHERE key IN (
  SELECT key FROM segments WHERE ${isOfBlockSql("key", "?1")}
    AND CASE WHEN json_valid(body, 8) THEN body -> ('$."' || ?1 || '"') IS NOT NULL END LIMIT ?2
)`;

/** Removes a point's samples from some segments. */
export function removePoint(db: D1Database, pointId: number, maxRows: number): D1PreparedStatement {
  return db.prepare(REMOVE_POINT).bind(String(pointId), maxRows);
}

/** ?1: point, as text. */
const DELETE_EMPTY = `
DELETE FROM segments WHERE ${isOfBlockSql("key", "?1")}
  AND CASE WHEN json_valid(body, 8) THEN json(body) = '{}' END`;

/** Deletes the empty segments of a point's block. Add it behind {@link removePoint}. */
export function deleteEmpty(db: D1Database, pointId: number): D1PreparedStatement {
  return db.prepare(DELETE_EMPTY).bind(String(pointId));
}
