import { deleteRowsOfSite } from "../rollups/delete-rows.ts";
import { deleteMonthsOfSite } from "../rollups/write-months.ts";
import { forgetKeptSite } from "../store/kept-groups.ts";
import { forgetLateSite } from "../store/late-samples.ts";
import { SITE_BLOCKS } from "../store/segment-key.ts";
import { changeRows } from "../d1/change-rows.ts";
import { withD1Retry } from "../d1/retry.ts";

/**
 * Rows of a site that belong to no day, children before their parents. Rows found by points come before the points. ?1
 * site, ?2 maximum of rows.
 */
const DELETE_SOME = [
  `DELETE FROM gaps WHERE (site_id, start, point_id) IN (
     SELECT site_id, start, point_id FROM gaps WHERE site_id = ?1 LIMIT ?2)`,
  "DELETE FROM month_files WHERE site_id = ?1 AND month IN (SELECT month FROM month_files WHERE site_id = ?1 LIMIT ?2)",
  "DELETE FROM settle_days WHERE site_id = ?1 AND day IN (SELECT day FROM settle_days WHERE site_id = ?1 LIMIT ?2)",
  "DELETE FROM gap_days WHERE site_id = ?1 AND day IN (SELECT day FROM gap_days WHERE site_id = ?1 LIMIT ?2)",
  "DELETE FROM quality_days WHERE site_id = ?1 AND day IN (SELECT day FROM quality_days WHERE site_id = ?1 LIMIT ?2)",
  "DELETE FROM dead_letters WHERE id IN (SELECT id FROM dead_letters WHERE site_id = ?1 LIMIT ?2)",
  `DELETE FROM sync_runs WHERE (site_id, started_at, sync_id) IN (
     SELECT site_id, started_at, sync_id FROM sync_runs WHERE site_id = ?1 LIMIT ?2)`,
  "DELETE FROM damaged_segments WHERE key IN (SELECT key FROM damaged_segments WHERE site_id = ?1 LIMIT ?2)",
  `DELETE FROM block_latest WHERE block IN (
     SELECT block FROM block_latest WHERE block IN ${SITE_BLOCKS} LIMIT ?2)`,
  `DELETE FROM point_inquiries WHERE point_id IN (
     SELECT q.point_id FROM points p CROSS JOIN point_inquiries q ON q.point_id = p.id WHERE p.site_id = ?1 LIMIT ?2)`,
  `DELETE FROM past_meanings WHERE (point_id, until) IN (
     SELECT m.point_id, m.until FROM points p CROSS JOIN past_meanings m ON m.point_id = p.id WHERE p.site_id = ?1 LIMIT ?2)`,
  "DELETE FROM block_points WHERE site_id = ?1 AND block IN (SELECT block FROM block_points WHERE site_id = ?1 LIMIT ?2)",
  "DELETE FROM points WHERE id IN (SELECT id FROM points WHERE site_id = ?1 LIMIT ?2)",
];

/** ?1 site. */
const FORGET_SITE = [
  "DELETE FROM gap_sites WHERE site_id = ?1",
  "DELETE FROM site_counters WHERE site_id = ?1",
  "UPDATE sites SET catalog_at = NULL, held_list = NULL, points_version = NULL WHERE id = ?1",
];

/** Keeps the pause and resets the sync, so that the site begins like a new one after the pause. ?1 site, ?2 now. */
const FORGET_SYNC = `
UPDATE sync_state SET watermark = NULL, window_start = NULL, window_end = NULL, window_from = NULL, cursor = NULL,
  watched_from = NULL, served_to = NULL, newest_sample = NULL, updated_at = ?2 WHERE site_id = ?1`;

/**
 * Deletes all rows of a site except its days, its name and its pause, some in each transaction. Safe to repeat, and to
 * stop anywhere, because the points go last.
 */
export async function deleteSiteRows(db: D1Database, siteId: number, now: number): Promise<void> {
  await changeRows((most) => deleteRowsOfSite(db, siteId, most));
  await changeRows((most) => deleteMonthsOfSite(db, siteId, most));
  await changeRows((most) => forgetLateSite(db, siteId, most));
  await forgetKeptSite(db, siteId);
  for (const sql of DELETE_SOME) await changeRows((most) => db.prepare(sql).bind(siteId, most));
  await withD1Retry(() =>
    db.batch([...FORGET_SITE.map((sql) => db.prepare(sql).bind(siteId)), db.prepare(FORGET_SYNC).bind(siteId, now)]),
  );
}
