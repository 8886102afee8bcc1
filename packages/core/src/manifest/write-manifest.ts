import { batchUnlessChanged, ELSE_FAIL } from "../d1/changed-meanwhile.ts";
import { withD1Retry } from "../d1/retry.ts";
import { DAY_MS } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { keySql } from "../store/segment-key.ts";
import { FILE_IS_LEFT, type ManifestFile } from "./manifest.ts";
import type { StagedDay } from "./staged-day.ts";
import type { DayBuild } from "../r2/staging.ts";

// The statements that write `day_files` (migrations/0001_schema.sql).

/** ?1 site id, ?2 day, ?3 SHA-256, ?4 generation, ?5 now. */
const CLAIM = `
INSERT INTO day_files (site_id, day, state, reason, pending, updated_at)
VALUES (?1, ?2, 'failed', 'its first build has not ended', json_object(?3, CAST(?4 AS INTEGER)), ?5)
ON CONFLICT (site_id, day) DO UPDATE SET pending = json_set(pending, '$."' || ?3 || '"', CAST(?4 AS INTEGER))
WHERE generation < ?4 RETURNING generation`;

/**
 * Whether a segment beyond the folded stamp was asked for no later than some sample of the file in its hour. Readers would take the file's value
 * for the later one, though it may be an older one. ?1: site, ?2: day, ?3: folded stamp, ?4: JSON of when the file's hours were asked for.
 */
const IS_OVERTAKEN = `
EXISTS (
  SELECT 1 FROM hot_hours h CROSS JOIN json_each(?4) a ON a.key = h.hour % ${DAY_MS} / ${HOUR_MS}
  CROSS JOIN (SELECT DISTINCT id >> 7 AS block FROM points WHERE site_id = ?1) b
  CROSS JOIN segments s ON s.key > ${keySql("b.block", "?2")} + ?3 AND s.key < ${keySql("b.block", "?2 + 1")}
  WHERE h.site_id = ?1 AND h.hour >= ?2 * ${DAY_MS} AND h.hour < (?2 + 1) * ${DAY_MS} AND h.version > ?3
    AND s.asked BETWEEN 1 AND a.value AND s.first < h.hour % ${DAY_MS} + ${HOUR_MS} AND s.last >= h.hour % ${DAY_MS}
)`;
const EXPECT_LATEST = `SELECT CASE WHEN NOT ${IS_OVERTAKEN} ${ELSE_FAIL}`;

/**
 * Announces the content that is about to be put in a day's place. Safe to repeat.
 * @returns false where a build of that generation, or a later one, is published already; and where samples came since the merge that were asked
 *   for before others of the file: merged again, each counts by its own time
 */
export async function claim(
  db: D1Database,
  of: DayBuild,
  sha256: string,
  { generation, settledStamp, asked }: Pick<StagedDay, "generation" | "settledStamp" | "asked">,
  now: number,
): Promise<boolean> {
  const expected = db.prepare(EXPECT_LATEST).bind(of.site.id, of.day, settledStamp, JSON.stringify(asked));
  const announced = db.prepare(CLAIM).bind(of.site.id, of.day, sha256, generation, now);
  const results = await batchUnlessChanged(db, [expected, announced]);
  return results !== null && results[1]!.results.length > 0;
}

/**
 * Claims of this generation and before have lost: the object in place is of this one.
 * ?1 site id, ?2 day, ?3 key, ?4 etag, ?5 SHA-256, ?6 bytes, ?7 rows, ?8 points, ?9 source, ?10 build, ?11 generation,
 * ?12 now, ?13 folded stamp, ?14 JSON of when its hours were asked for.
 */
const PUBLISH = `
INSERT INTO day_files (site_id, day, state, key, etag, sha256, bytes, rows, points, source, build, generation, updated_at,
  settled_stamp, asked)
VALUES (?1, ?2, 'written', ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
ON CONFLICT (site_id, day) DO UPDATE SET
  state = 'written', key = ?3, etag = ?4, sha256 = ?5, bytes = ?6, rows = ?7, points = ?8,
  source = CASE WHEN source = 'api' THEN 'api' ELSE ?9 END, build = ?10, generation = ?11, reason = NULL, updated_at = ?12,
  settled_stamp = ?13, asked = ?14, deleted_at = CASE WHEN ?9 = 'api' THEN NULL ELSE deleted_at END,
  pending = (SELECT json_group_object(p.key, p.value) FROM json_each(day_files.pending) p WHERE p.value > ?11)
WHERE generation < ?11 OR (generation = ?11 AND sha256 = ?5)`;

/** Turns the manifest to a file that is in place. Writes nothing where a later build is published: see {@link expectPublished}. */
export function publishFile(
  db: D1Database,
  of: DayBuild,
  { key, etag, sha256, bytes, rows, points }: ManifestFile,
  { source, generation, settledStamp, asked }: Pick<StagedDay, "source" | "generation" | "settledStamp" | "asked">,
  now: number,
): D1PreparedStatement {
  const file = [key, etag, sha256, bytes, rows, points];
  const lineage = [source, of.build, generation, now, settledStamp, JSON.stringify(asked)];
  return db.prepare(PUBLISH).bind(of.site.id, of.day, ...file, ...lineage);
}

/** ?1 site id, ?2 day, ?3 build, ?4 generation, ?5 now, ?6 JSON of when its hours were asked for. */
const PUBLISH_EMPTY = `
INSERT INTO day_files (site_id, day, state, source, build, updated_at, asked)
VALUES (?1, ?2, 'confirmed-empty', 'api', ?3, ?5, ?6)
ON CONFLICT (site_id, day) DO UPDATE SET
  state = 'confirmed-empty', source = 'api', build = ?3, reason = NULL, updated_at = ?5, asked = ?6,
  deleted_at = NULL
WHERE key IS NULL AND generation = ?4`;

/** Notes that a day was proved to have no samples. Writes nothing where it has a file meanwhile: see {@link expectPublished}. */
export function publishEmpty(
  db: D1Database,
  of: DayBuild,
  { baseGeneration, asked }: Pick<StagedDay, "baseGeneration" | "asked">,
  now: number,
): D1PreparedStatement {
  return db.prepare(PUBLISH_EMPTY).bind(of.site.id, of.day, of.build, baseGeneration, now, JSON.stringify(asked));
}

/** Whether the row is this build's. ?1 site id, ?2 day, ?3 build. */
const IS_PUBLISHED = "EXISTS (SELECT 1 FROM day_files WHERE site_id = ?1 AND day = ?2 AND build = ?3)";
const EXPECT_PUBLISHED = `SELECT CASE WHEN ${IS_PUBLISHED} ${ELSE_FAIL}`;

/** Lets the batch that it is in fail where the statement before it did not publish this build. */
export function expectPublished(db: D1Database, { build, site, day }: DayBuild): D1PreparedStatement {
  return db.prepare(EXPECT_PUBLISHED).bind(site.id, day, build);
}

/**
 * Notes that an object is not what was written: its day is read no more, until a backfill with `force_restart` builds it
 * anew. Only where the row still stands for that object.
 * @param etag of the row's file when it was found; null: it had none
 * @param now epoch ms
 */
export async function markSuspect(
  db: D1Database,
  row: { readonly siteId: number; readonly day: number; readonly etag: string | null },
  reason: string,
  now: number,
): Promise<void> {
  const statement = db
    .prepare(
      `INSERT INTO day_files (site_id, day, state, reason, updated_at) VALUES (?1, ?2, 'suspect', ?4, ?5)
       ON CONFLICT (site_id, day) DO UPDATE SET state = 'suspect', reason = ?4, updated_at = ?5 WHERE etag IS ?3`,
    )
    .bind(row.siteId, row.day, row.etag, reason, now);
  await withD1Retry(() => statement.run());
}

/**
 * Notes why a build of a day failed. A day that was written, or proved to be empty, before stays so, with the reason
 * beside it. Of a deleted day the note that its file is left stays.
 * @param now epoch ms
 */
export async function markFailed(
  db: D1Database,
  siteId: number,
  day: number,
  reason: string,
  now: number,
): Promise<void> {
  const statement = db
    .prepare(
      `INSERT INTO day_files (site_id, day, state, reason, updated_at) VALUES (?1, ?2, 'failed', ?3, ?4)
       ON CONFLICT (site_id, day) DO UPDATE SET reason = ?3, updated_at = ?4
       WHERE state <> 'suspect' AND NOT (state = 'deleted' AND reason IS ?5)`,
    )
    .bind(siteId, day, reason, now, FILE_IS_LEFT);
  await withD1Retry(() => statement.run());
}

/** The generation rises above every build that has begun, so that none of them can publish. ?1 site, ?2 day, ?3 now, ?4 that its file is left. */
const MARK_EMPTIED = `
INSERT INTO day_files (site_id, day, state, generation, reason, updated_at) VALUES (?1, ?2, 'deleted', 1, ?4, ?3)
ON CONFLICT (site_id, day) DO UPDATE SET
  state = 'deleted', key = NULL, etag = NULL, sha256 = NULL, bytes = NULL, rows = NULL, points = NULL,
  build = NULL, reason = ?4, pending = '{}', updated_at = ?3,
  generation = max(generation, coalesce((SELECT max(p.value) FROM json_each(day_files.pending) p), 0)) + 1`;

/**
 * Notes that a day's file is deleted, because the only point that it had is. Other points may still have late samples of the day, so it is
 * asked for as it was before. Belongs into the batch that deletes the point's row; {@link noteRemoved} follows when the object is deleted too.
 * @param now epoch ms
 */
export function markEmptied(db: D1Database, siteId: number, day: number, now: number): D1PreparedStatement {
  return db.prepare(MARK_EMPTIED).bind(siteId, day, now, FILE_IS_LEFT);
}

/** Notes that a deleted day's file was met in R2, for a repeated deletion to delete it. */
export async function noteLeft(db: D1Database, siteId: number, day: number): Promise<void> {
  const sql = "UPDATE day_files SET reason = ?3 WHERE site_id = ?1 AND day = ?2 AND state = 'deleted'";
  await withD1Retry(() => db.prepare(sql).bind(siteId, day, FILE_IS_LEFT).run());
}

/** Notes that a deleted day has no file in R2 any more. */
export async function noteRemoved(db: D1Database, siteId: number, day: number): Promise<void> {
  const sql =
    "UPDATE day_files SET reason = NULL WHERE site_id = ?1 AND day = ?2 AND state = 'deleted' AND reason = ?3";
  await withD1Retry(() => db.prepare(sql).bind(siteId, day, FILE_IS_LEFT).run());
}

/** ?1 site, ?2 day, ?3 now. */
const NOTE_DELETED =
  "UPDATE day_files SET source = NULL, asked = NULL, deleted_at = ?3 WHERE site_id = ?1 AND day = ?2";

/** Notes that a day's samples are deleted: only a backfill or an import brings some back. Belongs into the batch that deletes them. @param now epoch ms */
export function markDeleted(db: D1Database, siteId: number, day: number, now: number): D1PreparedStatement[] {
  return [markEmptied(db, siteId, day, now), db.prepare(NOTE_DELETED).bind(siteId, day, now)];
}

const PASS_OVER =
  "UPDATE day_files SET settled_stamp = coalesce((SELECT stamp FROM site_clocks WHERE site_id = ?1), 0) WHERE site_id = ?1 AND day = ?2";

/** Readers pass over the segments that a day has now, and the sweep deletes them. Belongs behind {@link markDeleted}. */
export function passOverSegments(db: D1Database, siteId: number, day: number): D1PreparedStatement {
  return db.prepare(PASS_OVER).bind(siteId, day);
}

/** ?1: site, ?2: day, ?3: epoch ms. */
const TOUCH = "UPDATE day_files SET updated_at = max(updated_at + 1, ?3) WHERE site_id = ?1 AND day = ?2";

/** Gives answers that were made of a day's wrong aggregates another ETag. Belongs into the batch that corrects these. @param now epoch ms */
export function touchDay(db: D1Database, siteId: number, day: number, now: number): D1PreparedStatement {
  return db.prepare(TOUCH).bind(siteId, day, now);
}

/** ?1: site, ?2: day, ?3: stamp. */
const NOTE_SWEPT = `
UPDATE day_files SET swept_stamp = ?3 WHERE site_id = ?1 AND day = ?2 AND settled_stamp >= ?3 AND swept_stamp < ?3`;

/** Notes that a day's segments up to a stamp are deleted. */
export function noteSwept(db: D1Database, siteId: number, day: number, stamp: number): D1PreparedStatement {
  return db.prepare(NOTE_SWEPT).bind(siteId, day, stamp);
}
