import { batchUnlessChanged, ELSE_FAIL } from "../d1/changed-meanwhile.ts";
import { withD1Retry } from "../d1/retry.ts";
import { DAY_MS } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { segmentKeySql, SITE_BLOCKS } from "../store/segment-key.ts";
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
 * Whether a newer segment was requested no later than some sample of the file in the same hour. Readers would prefer
 * the file's value, though it may be the older one. ?1: site, ?2: day, ?3: settled stamp, ?4: JSON of when the file's
 * hours were requested.
 */
const IS_OVERTAKEN = `
EXISTS (
  SELECT 1 FROM hot_hours h CROSS JOIN json_each(?4) a ON a.key = h.hour % ${DAY_MS} / ${HOUR_MS}
  CROSS JOIN ${SITE_BLOCKS} b
  CROSS JOIN segments s ON s.key > ${segmentKeySql("b.block", "?2")} + ?3 AND s.key < ${segmentKeySql("b.block", "?2 + 1")}
  WHERE h.site_id = ?1 AND h.hour >= ?2 * ${DAY_MS} AND h.hour < (?2 + 1) * ${DAY_MS} AND h.version > ?3
    AND s.asked BETWEEN 1 AND a.value AND s.first < h.hour % ${DAY_MS} + ${HOUR_MS} AND s.last >= h.hour % ${DAY_MS}
)`;
const EXPECT_LATEST = `SELECT CASE WHEN NOT ${IS_OVERTAKEN} ${ELSE_FAIL}`;

/**
 * Announces the content that a build is about to put in place of a day's file. Safe to repeat.
 * @returns false if this generation or a later one is published. Also false if segments arrived since the merge that
 * were requested before samples of the file: after another merge each sample counts by its own time.
 */
export async function claimContent(
  db: D1Database,
  build: DayBuild,
  sha256: string,
  { generation, settledStamp, asked }: Pick<StagedDay, "generation" | "settledStamp" | "asked">,
  now: number,
): Promise<boolean> {
  const expected = db.prepare(EXPECT_LATEST).bind(build.site.id, build.day, settledStamp, JSON.stringify(asked));
  const announced = db.prepare(CLAIM).bind(build.site.id, build.day, sha256, generation, now);
  const results = await batchUnlessChanged(db, [expected, announced]);
  return results !== null && results[1]!.results.length > 0;
}

/**
 * Drops pending claims up to this generation; the object in R2 now belongs to it. ?1 site id, ?2 day, ?3 key, ?4 etag,
 * ?5 SHA-256, ?6 bytes, ?7 rows, ?8 points, ?9 source, ?10 build, ?11 generation, ?12 now, ?13 settled stamp, ?14 JSON
 * of when its hours were requested.
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

/**
 * Points the manifest at a file that R2 already has. Writes nothing if a later build is published: see {@link
 * expectPublished}.
 */
export function publishFile(
  db: D1Database,
  build: DayBuild,
  { key, etag, sha256, bytes, rows, points }: ManifestFile,
  { source, generation, settledStamp, asked }: Pick<StagedDay, "source" | "generation" | "settledStamp" | "asked">,
  now: number,
): D1PreparedStatement {
  const file = [key, etag, sha256, bytes, rows, points];
  const lineage = [source, build.build, generation, now, settledStamp, JSON.stringify(asked)];
  return db.prepare(PUBLISH).bind(build.site.id, build.day, ...file, ...lineage);
}

/** ?1 site id, ?2 day, ?3 build, ?4 generation, ?5 now, ?6 JSON of when its hours were requested. */
const PUBLISH_EMPTY = `
INSERT INTO day_files (site_id, day, state, source, build, updated_at, asked)
VALUES (?1, ?2, 'confirmed-empty', 'api', ?3, ?5, ?6)
ON CONFLICT (site_id, day) DO UPDATE SET
  state = 'confirmed-empty', source = 'api', build = ?3, reason = NULL, updated_at = ?5, asked = ?6,
  deleted_at = NULL
WHERE key IS NULL AND generation = ?4`;

/**
 * Records that a day has no samples, as the upstream proved. Writes nothing if the day has a file: see {@link
 * expectPublished}.
 */
export function publishEmpty(
  db: D1Database,
  build: DayBuild,
  { baseGeneration, asked }: Pick<StagedDay, "baseGeneration" | "asked">,
  now: number,
): D1PreparedStatement {
  return db
    .prepare(PUBLISH_EMPTY)
    .bind(build.site.id, build.day, build.build, baseGeneration, now, JSON.stringify(asked));
}

/** Whether the row is of this build. ?1 site id, ?2 day, ?3 build. */
const IS_PUBLISHED = "EXISTS (SELECT 1 FROM day_files WHERE site_id = ?1 AND day = ?2 AND build = ?3)";
const EXPECT_PUBLISHED = `SELECT CASE WHEN ${IS_PUBLISHED} ${ELSE_FAIL}`;

/** Fails its batch if the statement before it did not publish this build. */
export function expectPublished(db: D1Database, { build, site, day }: DayBuild): D1PreparedStatement {
  return db.prepare(EXPECT_PUBLISHED).bind(site.id, day, build);
}

/**
 * Records that an object is not the one that was written. Readers ignore the day until a backfill with `force_restart`
 * builds it again. Writes nothing if the row's file has changed.
 * @param row `etag`: of the row's file when the fault was found; null: no file
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
 * Records why a build of a day failed. A written or confirmed-empty day keeps its state. A deleted day keeps the note
 * that its file is left.
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

/**
 * Raises the generation above every build that has begun, so that none of them can publish. ?1 site, ?2 day, ?3 now, ?4
 * the reason FILE_IS_LEFT.
 */
const MARK_EMPTIED = `
INSERT INTO day_files (site_id, day, state, generation, reason, updated_at) VALUES (?1, ?2, 'deleted', 1, ?4, ?3)
ON CONFLICT (site_id, day) DO UPDATE SET
  state = 'deleted', key = NULL, etag = NULL, sha256 = NULL, bytes = NULL, rows = NULL, points = NULL,
  build = NULL, reason = ?4, pending = '{}', updated_at = ?3,
  generation = max(generation, coalesce((SELECT max(p.value) FROM json_each(day_files.pending) p), 0)) + 1`;

/**
 * Records that a day's file is deleted together with its only point. The API is still asked for the day, because other
 * points may have late samples. Belongs in the batch that deletes the point's row. Call {@link noteRemoved} once the
 * object is deleted.
 * @param now epoch ms
 */
export function markEmptied(db: D1Database, siteId: number, day: number, now: number): D1PreparedStatement {
  return db.prepare(MARK_EMPTIED).bind(siteId, day, now, FILE_IS_LEFT);
}

/** Records that R2 still has the file of a deleted day, so that a repeated deletion deletes it. */
export async function noteLeft(db: D1Database, siteId: number, day: number): Promise<void> {
  const sql = "UPDATE day_files SET reason = ?3 WHERE site_id = ?1 AND day = ?2 AND state = 'deleted'";
  await withD1Retry(() => db.prepare(sql).bind(siteId, day, FILE_IS_LEFT).run());
}

/** Records that R2 no longer has the file of a deleted day. */
export async function noteRemoved(db: D1Database, siteId: number, day: number): Promise<void> {
  const sql =
    "UPDATE day_files SET reason = NULL WHERE site_id = ?1 AND day = ?2 AND state = 'deleted' AND reason = ?3";
  await withD1Retry(() => db.prepare(sql).bind(siteId, day, FILE_IS_LEFT).run());
}

/** ?1 site, ?2 day, ?3 now. */
const NOTE_DELETED =
  "UPDATE day_files SET source = NULL, asked = NULL, deleted_at = ?3 WHERE site_id = ?1 AND day = ?2";

/**
 * Records that a day's samples are deleted; only a backfill or an import can bring samples back. Belongs in the batch
 * that deletes them. @param now epoch ms
 */
export function markDeleted(db: D1Database, siteId: number, day: number, now: number): D1PreparedStatement[] {
  return [markEmptied(db, siteId, day, now), db.prepare(NOTE_DELETED).bind(siteId, day, now)];
}

const PASS_OVER =
  "UPDATE day_files SET settled_stamp = coalesce((SELECT stamp FROM site_clocks WHERE site_id = ?1), 0) WHERE site_id = ?1 AND day = ?2";

/** Makes readers ignore the segments that a day has now; the sweep deletes them. Belongs after {@link markDeleted}. */
export function passOverSegments(db: D1Database, siteId: number, day: number): D1PreparedStatement {
  return db.prepare(PASS_OVER).bind(siteId, day);
}

/** ?1: site, ?2: day, ?3: epoch ms. */
const TOUCH = "UPDATE day_files SET updated_at = max(updated_at + 1, ?3) WHERE site_id = ?1 AND day = ?2";

/**
 * Changes the ETag of answers that used a day's wrong aggregates. Belongs in the batch that corrects them. @param now
 * epoch ms
 */
export function touchDay(db: D1Database, siteId: number, day: number, now: number): D1PreparedStatement {
  return db.prepare(TOUCH).bind(siteId, day, now);
}

/** ?1: site, ?2: day, ?3: stamp. */
const NOTE_SWEPT = `
UPDATE day_files SET swept_stamp = ?3 WHERE site_id = ?1 AND day = ?2 AND settled_stamp >= ?3 AND swept_stamp < ?3`;

/** Records that a day's segments up to a stamp are deleted. */
export function noteSwept(db: D1Database, siteId: number, day: number, stamp: number): D1PreparedStatement {
  return db.prepare(NOTE_SWEPT).bind(siteId, day, stamp);
}
