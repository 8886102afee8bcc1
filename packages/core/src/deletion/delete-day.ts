import { z } from "zod";
import { deleteDayRows, deleteRowOf } from "../rollups/delete-rows.ts";
import { batchUnlessChanged, ELSE_FAIL } from "../d1/changed-meanwhile.ts";
import { withD1Retry } from "../d1/retry.ts";
import { DAY_MS, dayOf } from "../domain/day.ts";
import { forgetFingerprints } from "../gaps/gap-days.ts";
import { forgetDamagedDay } from "../store/damaged-segments.ts";
import { forgetLatest } from "../store/forget-latest.ts";
import { forgetHotDay, markDayChanged } from "../store/hot-hours.ts";
import { forgetDay } from "../store/settle-days.ts";
import { forgetLateDay } from "../store/late-samples.ts";
import { raiseClock } from "../store/site-clock.ts";
import { dayFileKey } from "../r2/day-file-key.ts";
import { forgetKeptDay } from "../store/kept-groups.ts";
import { forgetJudged } from "../manifest/quality-days.ts";
import { sweepSegments } from "../day-build/sweep-segments.ts";
import { FILE_IS_LEFT, readManifestDay } from "../manifest/manifest.ts";
import { markDeleted, markEmptied, noteRemoved, passOverSegments } from "../manifest/write-manifest.ts";
import { deleteMonthFile, forgetMonthFile } from "./delete-month-file.ts";

/**
 * Deletes all stored data of a site's day: segments, aggregates, quality, kept row groups, then its month's file and
 * its own. The day's row stays, with the state `deleted`. Safe to repeat.
 * @param day whole days since 1970
 * @param now epoch ms
 */
export async function deleteDay(
  { db, bucket }: { readonly db: D1Database; readonly bucket: Pick<R2Bucket, "delete"> },
  site: { readonly id: number; readonly name: string },
  day: number,
  now: number,
): Promise<void> {
  await withD1Retry(() =>
    db.batch([
      // makes concurrent stores fail, so that every segment of the day has an earlier stamp
      raiseClock(db, site.id),
      ...markDeleted(db, site.id, day, now),
      // the sweep deletes these segments, some in each transaction
      passOverSegments(db, site.id, day),
      forgetJudged(db, site.id, day),
      forgetFingerprints(db, site.id, [day]),
      forgetHotDay(db, site.id, day),
      deleteDayRows(db, site.id, day),
      ...forgetKeptDay(db, site.id, day),
      forgetMonthFile(db, site.id, day),
      forgetLateDay(db, site.id, day),
      forgetDamagedDay(db, site.id, day),
      forgetDay(db, site.id, day),
    ]),
  );
  await sweepSegments(db, site.id);
  await forgetLatest(db, site.id, (latest) => dayOf(latest.time) === day);
  await deleteMonthFile(bucket, site.name, day);
  await bucket.delete(dayFileKey(site.name, day));
  await noteRemoved(db, site.id, day);
}

/** Days with stored data, from ?2 on, ascending. ?1 site, ?3 maximum of days, ?4 the reason that marks a left file. */
const STORED_DAYS = `
SELECT day FROM (
  SELECT day FROM day_files WHERE site_id = ?1 AND (state <> 'deleted' OR reason = ?4)
  UNION SELECT hour / ${DAY_MS} FROM hot_hours WHERE site_id = ?1
) WHERE day >= ?2 ORDER BY day LIMIT ?3`;

/** Accepts a deleted day too: a repeat after a lost answer finds it. ?1 site, ?2 day, ?3 etag. */
const EXPECT_FILE = `
SELECT CASE WHEN (SELECT etag FROM day_files WHERE site_id = ?1 AND day = ?2) IS ?3
  OR EXISTS (SELECT 1 FROM day_files WHERE site_id = ?1 AND day = ?2 AND state = 'deleted') ${ELSE_FAIL}`;

/**
 * Deletes a day's file that holds only one point, and that point's row. Keeps hot samples of other points, and keeps
 * the day's settling schedule. Safe to repeat.
 * @param etag of the file that was read; null: there was none
 * @returns false if another build was published since; then nothing is deleted
 */
export async function deleteDayFile(
  { db, bucket }: { readonly db: D1Database; readonly bucket: Pick<R2Bucket, "delete"> },
  site: { readonly id: number; readonly name: string },
  day: number,
  pointId: number,
  etag: string | null,
  now: number,
): Promise<boolean> {
  const statements = [
    db.prepare(EXPECT_FILE).bind(site.id, day, etag),
    markEmptied(db, site.id, day, now),
    deleteRowOf(db, pointId, day),
    ...forgetKeptDay(db, site.id, day),
    forgetMonthFile(db, site.id, day),
    forgetJudged(db, site.id, day),
    markDayChanged(db, site.id, day),
  ];
  if ((await batchUnlessChanged(db, statements)) === null) return false;
  await deleteMonthFile(bucket, site.name, day);
  await bucket.delete(dayFileKey(site.name, day));
  await noteRemoved(db, site.id, day);
  return true;
}

/** ?1 site, ?2 the reason that marks a left file. */
const LEFT_DAYS = "SELECT day FROM day_files WHERE site_id = ?1 AND state = 'deleted' AND reason = ?2 ORDER BY day";

/**
 * Deletes files of deleted days that earlier deletions left because they stopped after their transaction. Safe to
 * repeat.
 */
export async function removeLeftFiles(
  { db, bucket }: { readonly db: D1Database; readonly bucket: Pick<R2Bucket, "head" | "delete"> },
  site: { readonly id: number; readonly name: string },
): Promise<void> {
  const { results } = await withD1Retry(() => db.prepare(LEFT_DAYS).bind(site.id, FILE_IS_LEFT).all());
  for (const { day } of daysSchema.parse(results)) {
    const key = dayFileKey(site.name, day);
    // head before manifest, because a build announces its object before it puts it
    const object = await bucket.head(key);
    const row = await readManifestDay(db, site.id, day);
    if (row?.state !== "deleted" || row.pending.size > 0) continue;
    if (object !== null) await bucket.delete(key);
    await noteRemoved(db, site.id, day);
  }
}

const daysSchema = z.array(z.object({ day: z.int() }));

/** The first days from `from` on with a file, a build or hot samples of a site, ascending. */
export async function storedDays(db: D1Database, siteId: number, from: number, most: number): Promise<number[]> {
  const { results } = await withD1Retry(() => db.prepare(STORED_DAYS).bind(siteId, from, most, FILE_IS_LEFT).all());
  return daysSchema.parse(results).map(({ day }) => day);
}
