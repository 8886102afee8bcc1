import { z } from "zod";
import { type Backoff, withD1Retry } from "../d1/retry.ts";
import { dayRange, dayStart } from "../domain/day.ts";
import type { TimeRange } from "../domain/time-range.ts";
import { log, logError } from "../telemetry/log.ts";
import { dayOfSegmentSql, isOfBlockSql, placeOfKey, stampOfSegmentSql } from "./segment-key.ts";

// The SQL of `damaged_segments`. Readers skip a segment that they cannot decode, and copy it there.

/** A segment that a reader skipped. */
export interface DamagedSegment {
  readonly key: number;
  readonly reason: string;
  /** from its first sample to behind its last one, epoch ms */
  readonly range: TimeRange;
}

/** A segment that cannot be decoded. */
export interface UnreadRow {
  readonly key: number;
  readonly reason: string;
}

/** ?1: site, ?2: JSON array of {key, reason}, ?3: now. */
const NOTE = `
INSERT INTO damaged_segments (key, site_id, asked, first, last, body, reason, found_at)
SELECT s.key, ?1, s.asked, s.first, s.last, s.body, r.value ->> 'reason', ?3
FROM json_each(?2) r CROSS JOIN segments s ON s.key = r.value ->> 'key' WHERE true
ON CONFLICT (key) DO NOTHING`;

/** ?1: JSON array of {key}. */
const PLACES = `
SELECT s.key, s.first, s.last FROM json_each(?1) r CROSS JOIN segments s ON s.key = r.value ->> 'key'`;

const placesSchema = z.array(z.object({ key: z.int(), first: z.int(), last: z.int() }));

/**
 * Copies damaged segments, each once. A copy outlasts its segment, so `/status` counts it. It never throws, so that a
 * reader answers although it cannot write.
 */
export async function noteDamaged(
  db: D1Database,
  siteId: number,
  rows: readonly UnreadRow[],
  backoff?: Backoff,
): Promise<DamagedSegment[]> {
  if (rows.length === 0) return [];
  const json = JSON.stringify(rows);
  let places = new Map<number, TimeRange>();
  try {
    const { results } = await withD1Retry(() => db.prepare(PLACES).bind(json).all(), backoff);
    places = new Map(
      placesSchema.parse(results).map(({ key, first, last }) => {
        const start = dayStart(placeOfKey(key).day);
        return [key, { start: start + first, end: start + last + 1 }];
      }),
    );
    await withD1Retry(() => db.prepare(NOTE).bind(siteId, json, Date.now()).run(), backoff);
  } catch (error) {
    logError("damaged_segments_not_noted", error, { siteId });
  }
  for (const { key, reason } of rows) log("segment_damaged", { siteId, key, reason });
  return rows.map(({ key, reason }) => ({ key, reason, range: places.get(key) ?? dayRange(placeOfKey(key).day) }));
}

/** ?1: JSON array of keys. */
const COUNT_COPIES = "SELECT count(*) AS n FROM json_each(?1) k CROSS JOIN damaged_segments d ON d.key = k.value";

/** Whether all of these segments are copied. A segment without a copy must not be deleted. */
export async function areCopied(db: D1Database, keys: readonly number[]): Promise<boolean> {
  const statement = db.prepare(COUNT_COPIES).bind(JSON.stringify(keys));
  return countSchema.parse(await withD1Retry(() => statement.first())).n === keys.length;
}

/** ?1: site. */
const COUNT = "SELECT count(*) AS n FROM damaged_segments WHERE site_id = ?1";
const countSchema = z.object({ n: z.int() });

/** Counts the damaged segments of a site that no build has replaced. */
export async function countDamaged(db: D1Database, siteId: number): Promise<number> {
  return countSchema.parse(await withD1Retry(() => db.prepare(COUNT).bind(siteId).first())).n;
}

/** ?1: site, ?2: day, ?3: stamp. */
const FORGET_REPLACED = `
DELETE FROM damaged_segments WHERE site_id = ?1 AND ${dayOfSegmentSql("key")} = ?2
  AND ${stampOfSegmentSql("key")} <= ?3 AND asked > 0`;

/**
 * Deletes the copies of segments from the API up to a stamp. Run it once the day's file has the API's samples up to
 * that stamp. A copy of samples that were not requested from the API stays, because no other copy exists.
 */
export function forgetReplaced(db: D1Database, siteId: number, day: number, stamp: number): D1PreparedStatement {
  return db.prepare(FORGET_REPLACED).bind(siteId, day, stamp);
}

/** ?1: site, ?2: day. */
const FORGET_DAY = `DELETE FROM damaged_segments WHERE site_id = ?1 AND ${dayOfSegmentSql("key")} = ?2`;

/** Add it to the batch that deletes a day's samples. */
export function forgetDamagedDay(db: D1Database, siteId: number, day: number): D1PreparedStatement {
  return db.prepare(FORGET_DAY).bind(siteId, day);
}

/** ?1: point, as text: a number would become a JSON path like $."5.0". */
const REMOVE_POINT = `
UPDATE damaged_segments SET body = jsonb_remove(body, '$."' || ?1 || '"')
WHERE ${isOfBlockSql("key", "?1")}
  AND CASE WHEN json_valid(body, 8) THEN body -> ('$."' || ?1 || '"') IS NOT NULL END`;

/** ?1: point, as text. */
const DELETE_EMPTY = `
DELETE FROM damaged_segments WHERE ${isOfBlockSql("key", "?1")}
  AND CASE WHEN json_valid(body, 8) THEN json(body) = '{}' END`;

/** Removes a point's samples from the copies. Add it to the batch that deletes the point. */
export function forgetDamagedPoint(db: D1Database, pointId: number): D1PreparedStatement[] {
  return [REMOVE_POINT, DELETE_EMPTY].map((sql) => db.prepare(sql).bind(String(pointId)));
}
