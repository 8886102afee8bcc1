import { replaceRows } from "../block-days/write-rows.ts";
import { ELSE_FAIL, isChangedMeanwhile } from "../d1/changed-meanwhile.ts";
import { withD1Retry } from "../d1/retry.ts";
import { forgetHours, unfoldDay } from "../store/hot-hours.ts";
import { expectReached } from "../store/site-clock.ts";
import { FORMULA_VERSION } from "../quality/point-day-quality.ts";
import type { FileRows } from "./file-rows.ts";
import type { ManifestFile } from "./manifest.ts";
import type { StagedDay } from "./staged-day.ts";
import type { DayBuild } from "./staging.ts";

/** ?1 site id, ?2 day, ?3 SHA-256, ?4 generation, ?5 now. */
const CLAIM = `
INSERT INTO day_files (site_id, day, state, reason, pending, updated_at)
VALUES (?1, ?2, 'failed', 'its first build has not ended', json_object(?3, CAST(?4 AS INTEGER)), ?5)
ON CONFLICT (site_id, day) DO UPDATE SET pending = json_set(pending, '$."' || ?3 || '"', CAST(?4 AS INTEGER))
WHERE generation < ?4 RETURNING generation`;

/**
 * Announces the content that is about to be put in a day's place.
 * @returns false where a build of that generation, or a later one, is published already
 */
export async function claim(
  db: D1Database,
  of: DayBuild,
  sha256: string,
  generation: number,
  now: number,
): Promise<boolean> {
  const { results } = await db.prepare(CLAIM).bind(of.site.id, of.day, sha256, generation, now).all();
  return results.length > 0;
}

/**
 * Claims of this generation and before have lost, for the object in place is of this one.
 * ?1 site id, ?2 day, ?3 key, ?4 etag, ?5 SHA-256, ?6 bytes, ?7 rows, ?8 points, ?9 source, ?10 build, ?11 generation,
 * ?12 now, ?13 folded stamp, ?14 JSON of when its hours were asked for.
 */
const PUBLISH = `
INSERT INTO day_files (site_id, day, state, key, etag, sha256, bytes, rows, points, source, build, generation, updated_at,
  folded_stamp, asked)
VALUES (?1, ?2, 'written', ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
ON CONFLICT (site_id, day) DO UPDATE SET
  state = 'written', key = ?3, etag = ?4, sha256 = ?5, bytes = ?6, rows = ?7, points = ?8,
  source = CASE WHEN source = 'api' THEN 'api' ELSE ?9 END, build = ?10, generation = ?11, reason = NULL, updated_at = ?12,
  folded_stamp = ?13, asked = ?14, deleted_at = CASE WHEN ?9 = 'api' THEN NULL ELSE deleted_at END,
  pending = (SELECT json_group_object(p.key, p.value) FROM json_each(day_files.pending) p WHERE p.value > ?11)
WHERE generation < ?11 OR (generation = ?11 AND sha256 = ?5)`;

/** Whether the row is this build's. ?1 site id, ?2 day, ?3 build. */
const IS_PUBLISHED = "EXISTS (SELECT 1 FROM day_files WHERE site_id = ?1 AND day = ?2 AND build = ?3)";
const EXPECT_PUBLISHED = `SELECT CASE WHEN ${IS_PUBLISHED} ${ELSE_FAIL}`;

/** The judged samples are those of the file (migrations/0001_schema.sql, `quality_days`). ?3: formula, ?4: etag, ?5: now. */
const MARK_JUDGED = `
INSERT INTO quality_days (site_id, day, formula, etag, hot_hours, hot_versions, judged_at)
VALUES (?1, ?2, ?3, ?4, 0, 0, ?5)
ON CONFLICT (site_id, day) DO UPDATE SET
  formula = excluded.formula, etag = excluded.etag, hot_hours = 0, hot_versions = 0, judged_at = excluded.judged_at`;
const FORGET_JUDGED = "DELETE FROM quality_days WHERE site_id = ?1 AND day = ?2";

/**
 * Runs the statement that publishes a build, and those that belong to it, in one transaction.
 * @returns false, and nothing is written, where another build is published
 */
async function isPublished(
  db: D1Database,
  { build, site, day }: DayBuild,
  publish: D1PreparedStatement,
  others: readonly D1PreparedStatement[],
): Promise<boolean> {
  const expect = db.prepare(EXPECT_PUBLISHED).bind(site.id, day, build);
  try {
    await withD1Retry(() => db.batch([publish, expect, ...others]));
    return true;
  } catch (error) {
    if (isChangedMeanwhile(error)) return false;
    throw error;
  }
}

/**
 * Turns the manifest to a file that is in place, in one transaction. Safe to repeat.
 * @returns false, and nothing is written, where a later build is published already, or D1 was turned back since the build read the clock
 */
export async function commitFile(
  db: D1Database,
  of: DayBuild,
  file: ManifestFile,
  {
    source,
    generation,
    formula,
    foldedStamp,
    asked,
  }: Pick<StagedDay, "source" | "generation" | "formula" | "foldedStamp" | "asked">,
  rows: FileRows,
  now: number,
): Promise<boolean> {
  const { key, etag, sha256, bytes, rows: count, points } = file;
  const values = [key, etag, sha256, bytes, count, points, source, of.build, generation, now];
  const segments = [foldedStamp, JSON.stringify(asked)];
  const day = { siteId: of.site.id, day: of.day };
  const bind = (sql: string, ...more: (string | number)[]) => db.prepare(sql).bind(of.site.id, of.day, ...more);
  return isPublished(db, of, bind(PUBLISH, ...values, ...segments), [
    expectReached(db, of.site.id, foldedStamp),
    ...replaceRows(db, day, rows.texts, rows.keys),
    // block_days now aggregates the file, without later segments (migrations/0001_schema.sql, `hot_hours`)
    forgetHours(db, of.site.id, of.day, foldedStamp),
    unfoldDay(db, of.site.id, of.day),
    // what another version of this code judged, or none, is judged again
    formula === FORMULA_VERSION ? bind(MARK_JUDGED, formula, etag, now) : bind(FORGET_JUDGED),
  ]);
}

/** Not of a day that was published anew or deleted meanwhile. ?1 site id, ?2 day, ?3 generation, ?4: JSON array of [id, first, last]. */
const MARK_SEEN = `
UPDATE points SET
  first_seen = min(coalesce(first_seen, s.value ->> 1), s.value ->> 1), last_seen = max(coalesce(last_seen, s.value ->> 2), s.value ->> 2)
FROM json_each(?4) s
WHERE points.id = s.value ->> 0
  AND (first_seen IS NULL OR last_seen IS NULL OR s.value ->> 1 < first_seen OR s.value ->> 2 > last_seen)
  AND coalesce((SELECT generation FROM day_files WHERE site_id = ?1 AND day = ?2), 0) <= ?3`;

/**
 * Widens the first and last times of a file's points, some points a transaction. Safe to repeat.
 * @param generation of the file @param seen {@link FileRows}
 */
export async function markSeen(
  db: D1Database,
  of: DayBuild,
  generation: number,
  seen: readonly string[],
): Promise<void> {
  for (const text of seen) {
    await withD1Retry(() => db.prepare(MARK_SEEN).bind(of.site.id, of.day, generation, text).run());
  }
}

/** ?1 site id, ?2 day, ?3 build, ?4 generation, ?5 now, ?6 JSON of when its hours were asked for. */
const PUBLISH_EMPTY = `
INSERT INTO day_files (site_id, day, state, source, build, updated_at, asked)
VALUES (?1, ?2, 'empty-confirmed', 'api', ?3, ?5, ?6)
ON CONFLICT (site_id, day) DO UPDATE SET
  state = 'empty-confirmed', source = 'api', build = ?3, reason = NULL, updated_at = ?5, asked = ?6,
  deleted_at = NULL
WHERE key IS NULL AND generation = ?4`;

/** Notes that a day was proved to have no samples. @returns false where it has a file meanwhile */
export async function commitEmpty(
  db: D1Database,
  of: DayBuild,
  { baseGeneration, asked, foldedStamp }: Pick<StagedDay, "baseGeneration" | "asked" | "foldedStamp">,
  now: number,
): Promise<boolean> {
  const publish = db
    .prepare(PUBLISH_EMPTY)
    .bind(of.site.id, of.day, of.build, baseGeneration, now, JSON.stringify(asked));
  // of segments whose samples were deleted
  const forget = forgetHours(db, of.site.id, of.day, foldedStamp);
  return isPublished(db, of, publish, [expectReached(db, of.site.id, foldedStamp), forget]);
}
