import { z } from "zod";
import { deleteDayRows, deleteRowOf } from "../block-days/delete-rows.ts";
import { withD1Retry } from "../d1/retry.ts";
import { dayOf } from "../domain/day.ts";
import { forgetDamagedDay } from "../store/damaged-segments.ts";
import { forgetLatest } from "../store/forget-latest.ts";
import { forgetHotDay, unfoldDay } from "../store/hot-hours.ts";
import { forgetDay } from "../store/settle-days.ts";
import { forgetLateDay } from "../store/late-samples.ts";
import { raiseClock } from "../store/site-clock.ts";
import { dayFileKey } from "./day-file-key.ts";
import { forgetKeptDay } from "./kept-groups.ts";
import { sweepSegments } from "./sweep-segments.ts";

/** The generation rises above every build that has begun, so that none of them can publish. ?1 site, ?2 day, ?3 now. */
const MARK_DELETED = `
INSERT INTO day_files (site_id, day, state, generation, updated_at, deleted_at) VALUES (?1, ?2, 'deleted', 1, ?3, ?3)
ON CONFLICT (site_id, day) DO UPDATE SET
  state = 'deleted', key = NULL, etag = NULL, sha256 = NULL, bytes = NULL, rows = NULL, points = NULL, source = NULL,
  build = NULL, reason = NULL, pending = '{}', asked = NULL, updated_at = ?3, deleted_at = ?3,
  generation = max(generation, coalesce((SELECT max(p.value) FROM json_each(day_files.pending) p), 0)) + 1`;

const FORGET_JUDGED = "DELETE FROM quality_days WHERE site_id = ?1 AND day = ?2";

const DELETE_ROWS = [
  // readers pass over the day's segments from now on, and the sweep deletes them, some a transaction
  "UPDATE day_files SET folded_stamp = coalesce((SELECT stamp FROM site_clocks WHERE site_id = ?1), 0) WHERE site_id = ?1 AND day = ?2",
  FORGET_JUDGED,
  "DELETE FROM gap_days WHERE site_id = ?1 AND day = ?2",
];

/**
 * Deletes all that is stored of a site's day: segments, aggregates, quality, kept row groups, then the file. The day's row stays, with the state
 * `deleted`. Safe to repeat.
 * @param day whole days since 1970 @param now epoch ms
 */
export async function deleteDay(
  { db, bucket }: { readonly db: D1Database; readonly bucket: Pick<R2Bucket, "delete"> },
  site: { readonly id: number; readonly name: string },
  day: number,
  now: number,
): Promise<void> {
  await withD1Retry(() =>
    db.batch([
      // a store that had begun fails, so every segment of the day has a stamp before this one
      raiseClock(db, site.id),
      db.prepare(MARK_DELETED).bind(site.id, day, now),
      ...DELETE_ROWS.map((sql) => db.prepare(sql).bind(site.id, day)),
      forgetHotDay(db, site.id, day),
      deleteDayRows(db, site.id, day),
      ...forgetKeptDay(db, site.id, day),
      forgetLateDay(db, site.id, day),
      forgetDamagedDay(db, site.id, day),
      forgetDay(db, site.id, day),
    ]),
  );
  await sweepSegments(db, site.id);
  await forgetLatest(db, site.id, (latest) => dayOf(latest.time) === day);
  await bucket.delete(dayFileKey(site.name, day));
}

/** Days of which something is stored, from ?2 on, ascending. ?1 site, ?3 the most. */
const STORED_DAYS = `
SELECT day FROM (
  SELECT day FROM day_files WHERE site_id = ?1 AND state <> 'deleted'
  UNION SELECT hour / 86400000 FROM hot_hours WHERE site_id = ?1
) WHERE day >= ?2 ORDER BY day LIMIT ?3`;

/** Deletes a day's file that holds one point only, with that point's row. Hot samples of other points stay. Safe to repeat. */
export async function deleteDayFile(
  { db, bucket }: { readonly db: D1Database; readonly bucket: Pick<R2Bucket, "delete"> },
  site: { readonly id: number; readonly name: string },
  day: number,
  pointId: number,
  now: number,
): Promise<void> {
  await withD1Retry(() =>
    db.batch([
      db.prepare(MARK_DELETED).bind(site.id, day, now),
      deleteRowOf(db, pointId, day),
      ...forgetKeptDay(db, site.id, day),
      db.prepare(FORGET_JUDGED).bind(site.id, day),
      forgetDay(db, site.id, day),
      unfoldDay(db, site.id, day),
    ]),
  );
  await bucket.delete(dayFileKey(site.name, day));
}

const daysSchema = z.array(z.object({ day: z.int() }));

/** The first days from `from` on of which a site has a file, a build or hot samples, ascending. */
export async function storedDays(db: D1Database, siteId: number, from: number, most: number): Promise<number[]> {
  const { results } = await withD1Retry(() => db.prepare(STORED_DAYS).bind(siteId, from, most).all());
  return daysSchema.parse(results).map(({ day }) => day);
}
