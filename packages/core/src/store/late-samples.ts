import { blockOf } from "../domain/block.ts";
import type { LateCounts } from "./compare-arrivals.ts";
import { blockSql, lateKey, lateKeySql, SITE_BLOCKS } from "./segment-key.ts";

// The SQL of `late_samples`. A row has the points of a block, because a site that is late as a whole counts all its
// points in every sync.

/** The block of the point `p`, and that of the point ?1 with the next block. */
const BLOCK = blockSql("p.id");
const BLOCK_OF_GIVEN = blockSql("?1");
const BLOCK_BEHIND_GIVEN = `${BLOCK_OF_GIVEN} + 1`;

/** ?1: JSON array of [key, {"<point id>": samples}]. */
const COUNT = `
INSERT INTO late_samples (block_day, samples) SELECT value ->> 0, value -> 1 FROM json_each(?1) WHERE true
ON CONFLICT (block_day) DO UPDATE SET samples = (
  SELECT json_group_object(id, n) FROM (
    SELECT e.key AS id, sum(e.value) AS n FROM (
      -- the count of a damaged row is lost
      SELECT key, value FROM json_each(CASE WHEN json_valid(late_samples.samples) THEN late_samples.samples ELSE '{}' END) UNION ALL SELECT key, value FROM json_each(excluded.samples)
    ) e GROUP BY e.key
  )
)`;

/**
 * Adds to the counts of late samples. Add it to the batch that stores the samples, because a repeat would count them
 * twice.
 */
export function countLate(db: D1Database, late: LateCounts): D1PreparedStatement[] {
  const rows = [...late].flatMap(([day, points]) =>
    [...Map.groupBy(points, ([id]) => blockOf(id))].map(([block, samples]) => [
      lateKey(block, day),
      Object.fromEntries(samples),
    ]),
  );
  return rows.length === 0 ? [] : [db.prepare(COUNT).bind(JSON.stringify(rows))];
}

/** ?1: site, ?2: day. */
const READ = `
SELECT p.name, e.value AS samples
FROM ${SITE_BLOCKS} b
CROSS JOIN late_samples l ON l.block_day = ${lateKeySql("b.block", "?2")}
CROSS JOIN json_each(CASE WHEN json_valid(l.samples) THEN l.samples ELSE '{}' END) e CROSS JOIN points p ON p.id = CAST(e.key AS INTEGER)`;

/** Reads the late samples of a site's day, as `{name, samples}`; a point without any is absent. */
export function lateStatement(db: D1Database, siteId: number, day: number): D1PreparedStatement {
  return db.prepare(READ).bind(siteId, day);
}

/** ?1: site, ?2: day. */
const FORGET_DAY = `
DELETE FROM late_samples
WHERE block_day IN (SELECT DISTINCT ${lateKeySql(BLOCK, "?2")} FROM points p WHERE p.site_id = ?1)`;

export function forgetLateDay(db: D1Database, siteId: number, day: number): D1PreparedStatement {
  return db.prepare(FORGET_DAY).bind(siteId, day);
}

/** ?1: point, as text: a number would become a JSON path like $."5.0"; ?2: maximum of rows. */
const FORGET_POINT = `
UPDATE late_samples SET samples = json_remove(samples, '$."' || ?1 || '"') WHERE block_day IN (
  SELECT block_day FROM late_samples
  WHERE block_day >= ${lateKeySql(BLOCK_OF_GIVEN, "0")} AND block_day < ${lateKeySql(BLOCK_BEHIND_GIVEN, "0")}
    AND CASE WHEN json_valid(samples) THEN samples -> ('$."' || ?1 || '"') IS NOT NULL END LIMIT ?2
)`;

/** Deletes the counts of some days of a point. */
export function forgetLatePoint(db: D1Database, pointId: number, maxRows: number): D1PreparedStatement {
  return db.prepare(FORGET_POINT).bind(String(pointId), maxRows);
}

/** ?1: site, ?2: maximum of rows. */
const FORGET_SITE = `
DELETE FROM late_samples WHERE block_day IN (
  SELECT l.block_day FROM ${SITE_BLOCKS} b
  CROSS JOIN late_samples l ON l.block_day >= ${lateKeySql("b.block", "0")} AND l.block_day < ${lateKeySql("b.block + 1", "0")} LIMIT ?2
)`;

/** Deletes some rows of a site. Run it before its points are deleted. */
export function forgetLateSite(db: D1Database, siteId: number, maxRows: number): D1PreparedStatement {
  return db.prepare(FORGET_SITE).bind(siteId, maxRows);
}
