import { deleteOpenDays } from "../block-days/delete-rows.ts";
import { changeRows } from "../d1/change-rows.ts";
import { withD1Retry } from "../d1/retry.ts";
import { deleteDayFile } from "./delete-day.ts";
import { DayFileChanged } from "./day-file-error.ts";
import { forgetKeptDay } from "./kept-groups.ts";
import { mergeDay } from "./merge-day.ts";
import { type PublishContext, publishDay } from "./publish-day.ts";
import { forgetLatest } from "../store/forget-latest.ts";
import { forgetLatePoint } from "../store/late-samples.ts";
import { raiseClock } from "../store/site-clock.ts";
import { type DayBuild, deleteStaging } from "./staging.ts";

/** `conflict`: another build was faster each time; `suspect`: the file is not what was written, and stays. */
export type PointDayOutcome = "deleted" | "conflict" | "suspect";

/** How often a day is rewritten again because another build published it meanwhile. */
const TRIES = 3;

/**
 * Writes a day's file anew without one point. A file that has no other point is deleted.
 * @throws {DayBuildError} {DayFileCorrupt}; the errors of D1 and R2
 */
export async function deletePointDay(
  context: PublishContext,
  of: DayBuild,
  point: { readonly id: number; readonly name: string },
): Promise<PointDayOutcome> {
  const { db, bucket, now } = context;
  for (let tries = 0; tries < TRIES; tries++) {
    try {
      // The row groups with the point go at once; the publication keeps those without it.
      await withD1Retry(() => db.batch(forgetKeptDay(db, of.site.id, of.day)));
      const staged = await mergeDay(context, of, { source: "d1", hours: [], without: point.name });
      if (staged.suspect === null && staged.file === null) {
        await deleteDayFile({ db, bucket }, of.site, of.day, point.id, now());
        return "deleted";
      }
      const published = await publishDay(context, of, staged);
      if (published !== null) return published.state === "suspect" ? "suspect" : "deleted";
    } catch (error) {
      await deleteStaging(bucket, of);
      if (!(error instanceof DayFileChanged)) throw error;
    }
  }
  await deleteStaging(bucket, of);
  return "conflict";
}

/** What was read of the site's hours is not what they hold any more. ?1 site. */
const CHANGE_HOURS =
  "UPDATE hot_hours SET version = (SELECT stamp FROM site_clocks WHERE site_id = ?1) WHERE site_id = ?1";
/** ?1 point, as text: a number would be a JSON path such as $."5.0"; ?2 the most segments. */
const DELETE_HOT_SAMPLES = `
UPDATE segments SET body = jsonb_remove(body, '$."' || ?1 || '"') WHERE key IN (
  SELECT key FROM segments WHERE key >= (?1 >> 7) << 40 AND key < ((?1 >> 7) + 1) << 40
    AND CASE WHEN json_valid(body, 8) THEN body -> ('$."' || ?1 || '"') IS NOT NULL END LIMIT ?2
)`;
/** ?1 point, as text. */
const DELETE_EMPTY = `
DELETE FROM segments WHERE key >= (?1 >> 7) << 40 AND key < ((?1 >> 7) + 1) << 40
  AND CASE WHEN json_valid(body, 8) THEN json(body) = '{}' END`;
const DELETE_DAMAGED = [
  `UPDATE damaged_segments SET body = jsonb_remove(body, '$."' || ?1 || '"')
   WHERE key >= (?1 >> 7) << 40 AND key < ((?1 >> 7) + 1) << 40
     AND CASE WHEN json_valid(body, 8) THEN body -> ('$."' || ?1 || '"') IS NOT NULL END`,
  `DELETE FROM damaged_segments WHERE key >= (?1 >> 7) << 40 AND key < ((?1 >> 7) + 1) << 40
     AND CASE WHEN json_valid(body, 8) THEN json(body) = '{}' END`,
];
/** Segments of a transaction; it also changes each of the site's hot hours. */
const SEGMENTS_A_TRANSACTION = 300;
const FORGET_SEEN = "UPDATE points SET first_seen = NULL, last_seen = NULL WHERE id = ?1";

/**
 * Deletes a point's hot samples and all rows about them, some segments a transaction. Gaps are not looked for before its next sample. Safe to
 * repeat, and to stop anywhere.
 */
export async function deletePointRows(db: D1Database, siteId: number, pointId: number): Promise<void> {
  for (let changed = SEGMENTS_A_TRANSACTION; changed === SEGMENTS_A_TRANSACTION;) {
    const results = await withD1Retry(() =>
      db.batch([
        raiseClock(db, siteId),
        db.prepare(CHANGE_HOURS).bind(siteId),
        db.prepare(DELETE_HOT_SAMPLES).bind(String(pointId), SEGMENTS_A_TRANSACTION),
        db.prepare(DELETE_EMPTY).bind(String(pointId)),
      ]),
    );
    changed = results[2]!.meta.changes;
  }
  await withD1Retry(() =>
    db.batch([
      ...DELETE_DAMAGED.map((sql) => db.prepare(sql).bind(String(pointId))),
      db.prepare(FORGET_SEEN).bind(pointId),
      deleteOpenDays(db, pointId),
    ]),
  );
  await changeRows((most) => forgetLatePoint(db, pointId, most));
  await forgetLatest(db, siteId, (latest) => latest.pointId === pointId);
}
