import { z } from "zod";
import { changeRows } from "../d1/change-rows.ts";
import { withD1Retry } from "../d1/retry.ts";
import { dayOf } from "../domain/day.ts";

// The SQL of `kept_files` and `kept_groups`, the cache of row groups in D1 (migrations/0001_schema.sql).

/** Byte positions of a file within the range of a key. */
export const MAX_KEPT_FILE_BYTES = 2 ** 32;

/** The key of a row group. @param offset byte of the file at which it begins */
export function keptKey(keptId: number, offset: number): number {
  return keptId * MAX_KEPT_FILE_BYTES + offset;
}

/**
 * The first day whose row groups are kept. @param hotDays the setting HOT_DAYS; 0: no day is kept @param now epoch ms
 */
export function firstKeptDay(hotDays: number, now: number): number {
  return hotDays === 0 ? Number.MAX_SAFE_INTEGER : dayOf(now) - hotDays;
}

/** Selects the id of a row's kept content, in a query of `day_files`; NULL: it is not kept completely. */
export const KEPT_ID = `(
  SELECT k.id FROM kept_files k
  WHERE k.site_id = day_files.site_id AND k.day = day_files.day AND k.sha256 = day_files.sha256 AND k.whole = 1
) AS kept_id`;

/** The row groups of a day's file that is about to be published. */
export interface KeptContent {
  readonly siteId: number;
  readonly day: number;
  readonly sha256: string;
  /** of the build that publishes it */
  readonly generation: number;
}

/**
 * Refuses a build that cannot be published any more; a deleted day keeps nothing. ?1: site, ?2: day, ?3: SHA-256, ?4:
 * generation, ?5: now.
 */
const BEGIN = `
INSERT INTO kept_files (site_id, day, sha256, touched_at)
SELECT ?1, ?2, ?3, ?5 WHERE NOT EXISTS (
  SELECT 1 FROM day_files WHERE site_id = ?1 AND day = ?2 AND (generation > ?4 OR (generation = ?4 AND sha256 IS NOT ?3))
)
ON CONFLICT (site_id, day, sha256) DO UPDATE SET touched_at = excluded.touched_at
RETURNING id, whole`;

const begunSchema = z.array(z.object({ id: z.int(), whole: z.int() }));

/** Registers a content. @returns null: its build is superseded @param now epoch ms */
export async function beginKeeping(
  db: D1Database,
  { siteId, day, sha256, generation }: KeptContent,
  now: number,
): Promise<{ readonly id: number; readonly isWhole: boolean } | null> {
  const statement = db.prepare(BEGIN).bind(siteId, day, sha256, generation, now);
  const [row] = begunSchema.parse((await withD1Retry(() => statement.all())).results);
  return row === undefined ? null : { id: row.id, isWhole: row.whole === 1 };
}

/** Writes nothing if the content was deleted meanwhile. ?1: id, ?2: JSON array of [key, hex of the body]. */
const KEEP = `
INSERT INTO kept_groups (key, body)
SELECT value ->> 0, unhex(value ->> 1) FROM json_each(?2) WHERE EXISTS (SELECT 1 FROM kept_files WHERE id = ?1 AND whole = 0)
ON CONFLICT (key) DO UPDATE SET body = excluded.body`;

/** @param json array of [key, hex of the body] */
export async function keepGroups(db: D1Database, id: number, json: string): Promise<void> {
  await withD1Retry(() => db.prepare(KEEP).bind(id, json).run());
}

/** Marks a content as complete: readers use it from now on if the manifest names it. @param now epoch ms */
export async function endKeeping(db: D1Database, id: number, now: number): Promise<void> {
  const statement = db.prepare("UPDATE kept_files SET whole = 1, touched_at = ?2 WHERE id = ?1").bind(id, now);
  await withD1Retry(() => statement.run());
}

/** The keys of a content: of the row `f`, and of the id ?1. */
const KEYS_OF_FILE = "g.key >= f.id << 32 AND g.key < (f.id + 1) << 32";
const KEYS_OF_GIVEN = "g.key >= ?1 << 32 AND g.key < (?1 + 1) << 32";

/** Deletes all kept row groups of a site's day. Add it to the batch that deletes the day. */
export function forgetKeptDay(db: D1Database, siteId: number, day: number): D1PreparedStatement[] {
  return [
    `DELETE FROM kept_groups WHERE key IN (
       SELECT g.key FROM kept_files f CROSS JOIN kept_groups g ON ${KEYS_OF_FILE} WHERE f.site_id = ?1 AND f.day = ?2)`,
    "DELETE FROM kept_files WHERE site_id = ?1 AND day = ?2",
  ].map((sql) => db.prepare(sql).bind(siteId, day));
}

/** ?1: site, ?2: maximum of rows. */
const FORGET_SITE_GROUPS = `
DELETE FROM kept_groups WHERE key IN (
  SELECT g.key FROM kept_files f CROSS JOIN kept_groups g ON ${KEYS_OF_FILE} WHERE f.site_id = ?1 LIMIT ?2
)`;

/**
 * Deletes all kept row groups of a site whose days are deleted. Safe to repeat and to interrupt: readers then read the
 * files.
 */
export async function forgetKeptSite(db: D1Database, siteId: number): Promise<void> {
  await changeRows((most) => db.prepare(FORGET_SITE_GROUPS).bind(siteId, most));
  await withD1Retry(() => db.prepare("DELETE FROM kept_files WHERE site_id = ?1").bind(siteId).run());
}

/** ?1: site, ?2: first kept day, ?3: now, ?4: touched before that. */
const GIVE_UP = `
UPDATE kept_files SET whole = 0, touched_at = ?3
WHERE site_id = ?1 AND whole = 1 AND touched_at < ?4 AND (day < ?2 OR NOT EXISTS (
  SELECT 1 FROM day_files d WHERE d.site_id = ?1 AND d.day = kept_files.day AND d.sha256 = kept_files.sha256
))`;

/**
 * Marks contents as incomplete that are too old or that the manifest does not name. Later plans do not use them.
 * @param times epoch ms: `now`, and the time before which a content must have been touched last
 */
export async function giveUpContents(
  db: D1Database,
  siteId: number,
  firstDay: number,
  { now, before }: { readonly now: number; readonly before: number },
): Promise<void> {
  await withD1Retry(() => db.prepare(GIVE_UP).bind(siteId, firstDay, now, before).run());
}

const GIVEN_UP = "whole = 0 AND touched_at < ?2";
/** ?1: site, ?2: touched before that. */
const READ_GIVEN_UP = `SELECT id FROM kept_files WHERE site_id = ?1 AND ${GIVEN_UP} ORDER BY id`;
const idsSchema = z.array(z.object({ id: z.int() }));

/** The contents that are incomplete since before a time, ascending. @param before epoch ms */
export async function readGivenUp(db: D1Database, siteId: number, before: number): Promise<number[]> {
  const { results } = await withD1Retry(() => db.prepare(READ_GIVEN_UP).bind(siteId, before).all());
  return idsSchema.parse(results).map(({ id }) => id);
}

/** ?1: id, ?2: touched before that, ?3: maximum of rows. */
const DELETE_GROUPS = `
DELETE FROM kept_groups WHERE key IN (
  SELECT g.key FROM (SELECT id FROM kept_files WHERE id = ?1 AND ${GIVEN_UP}) f CROSS JOIN kept_groups g ON ${KEYS_OF_FILE} LIMIT ?3
)`;
const DELETE_FILE = `
DELETE FROM kept_files WHERE id = ?1 AND ${GIVEN_UP}
  AND NOT EXISTS (SELECT 1 FROM kept_groups g WHERE ${KEYS_OF_GIVEN})`;

/** Deletes some row groups of a content that is still incomplete. @returns how many */
export async function deleteGroups(db: D1Database, id: number, before: number, maxRows: number): Promise<number> {
  const { meta } = await withD1Retry(() => db.prepare(DELETE_GROUPS).bind(id, before, maxRows).run());
  return meta.changes;
}

/** Deletes a content that is still incomplete and has no row group any more. */
export async function deleteContent(db: D1Database, id: number, before: number): Promise<void> {
  await withD1Retry(() => db.prepare(DELETE_FILE).bind(id, before).run());
}
