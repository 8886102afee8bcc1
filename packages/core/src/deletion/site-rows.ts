import { deleteRowsOfSite } from "../block-days/delete-rows.ts";
import { forgetKeptSite } from "../cold/kept-groups.ts";
import { forgetLateSite } from "../store/late-samples.ts";
import { withD1Retry } from "../d1/retry.ts";
import type { TimeRange } from "../domain/time-range.ts";

/** Rows of a site that are about no day. ?1 site. Children before what they refer to. */
const DELETE_SITE = [
  "DELETE FROM gaps WHERE site_id = ?1",
  "DELETE FROM settle_days WHERE site_id = ?1",
  "DELETE FROM gap_days WHERE site_id = ?1",
  "DELETE FROM gap_sites WHERE site_id = ?1",
  "DELETE FROM dead_letters WHERE site_id = ?1",
  "DELETE FROM sync_runs WHERE site_id = ?1",
  "DELETE FROM site_counters WHERE site_id = ?1",
  "DELETE FROM quality_days WHERE site_id = ?1",
  "DELETE FROM damaged_segments WHERE site_id = ?1",
  "DELETE FROM block_latest WHERE block IN (SELECT id >> 7 FROM points WHERE site_id = ?1)",
  "DELETE FROM point_inquiries WHERE point_id IN (SELECT id FROM points WHERE site_id = ?1)",
  "DELETE FROM past_meanings WHERE point_id IN (SELECT id FROM points WHERE site_id = ?1)",
  "DELETE FROM points WHERE site_id = ?1",
  "UPDATE sites SET catalog_at = NULL, held_list = NULL WHERE id = ?1",
];

/** The pause stays, and nothing of what was synced: where it ends, the site begins as a new one does. ?1 site, ?2 now. */
const FORGET_SYNC = `
UPDATE sync_state SET watermark = NULL, window_start = NULL, window_end = NULL, window_from = NULL, cursor = NULL,
  watched_from = NULL, served_to = NULL, newest_sample = NULL, updated_at = ?2 WHERE site_id = ?1`;

/** Deletes all rows of a site but those of its days, its name and its pause. Safe to repeat. */
export async function deleteSiteRows(db: D1Database, siteId: number, now: number): Promise<void> {
  await withD1Retry(() =>
    db.batch([
      deleteRowsOfSite(db, siteId),
      ...forgetKeptSite(db, siteId),
      forgetLateSite(db, siteId),
      ...DELETE_SITE.map((sql) => db.prepare(sql).bind(siteId)),
      db.prepare(FORGET_SYNC).bind(siteId, now),
    ]),
  );
}

/** Drops the dead letters of pages that lie in a range: a replay would store them. Those across its bounds stay for their 7 days. */
export async function forgetLetters(db: D1Database, siteId: number, { start, end }: TimeRange): Promise<void> {
  const statement = db
    .prepare("DELETE FROM dead_letters WHERE site_id = ?1 AND window_start >= ?2 AND window_end <= ?3")
    .bind(siteId, start, end);
  await withD1Retry(() => statement.run());
}

/** Drops the dead letters whose record names a point. */
export async function forgetPointLetters(db: D1Database, siteId: number, point: string): Promise<void> {
  const statement = db
    .prepare("DELETE FROM dead_letters WHERE site_id = ?1 AND instr(record, ?2) > 0")
    .bind(siteId, JSON.stringify(point));
  await withD1Retry(() => statement.run());
}
