import { deleteOpenDays } from "../rollups/delete-rows.ts";
import { deleteMonthsOfPoint } from "../rollups/write-months.ts";
import { forgetSeen } from "../catalog/seen.ts";
import { changeRows } from "../d1/change-rows.ts";
import { withD1Retry } from "../d1/retry.ts";
import { deleteDayFile } from "./delete-day.ts";
import { deleteMonthFile, forgetMonthFile } from "./delete-month-file.ts";
import { DayFileChanged } from "../r2/file-error.ts";
import { forgetKeptDay } from "../store/kept-groups.ts";
import { mergeDay } from "../day-build/merge-day.ts";
import { type PublishContext, publishDay } from "../day-build/publish-day.ts";
import { forgetDamagedPoint } from "../store/damaged-segments.ts";
import { forgetLatest } from "../store/forget-latest.ts";
import { changeVersions } from "../store/hot-hours.ts";
import { forgetLatePoint } from "../store/late-samples.ts";
import { deleteEmpty, removePoint } from "../store/segment-rows.ts";
import { raiseClock } from "../store/site-clock.ts";
import { type DayBuild, deleteStaging } from "../r2/staging.ts";
import { touchDay } from "../manifest/write-manifest.ts";

/**
 * `conflict`: another build was published first in each try. `suspect`: the file is not the published one, and stays.
 */
export type PointDayOutcome = "deleted" | "conflict" | "suspect";

/** How often a day is rewritten if another build publishes it meanwhile. */
const TRIES = 3;

/**
 * Rewrites a day's file without one point. Deletes a file that holds only this point.
 * @throws {DayBuildError}
 * @throws {DayFileCorrupt}
 * @throws the errors of D1 and R2
 */
export async function deletePointDay(
  context: PublishContext,
  build: DayBuild,
  point: { readonly id: number; readonly name: string },
): Promise<PointDayOutcome> {
  const { db, bucket, now } = context;
  for (let tries = 0; tries < TRIES; tries++) {
    try {
      // Drops the kept row groups and the month's file at once; the publication keeps new row groups. The touch blocks
      // builds of the month: a running one cannot publish, and none begins until the day is published.
      await withD1Retry(() =>
        db.batch([
          ...forgetKeptDay(db, build.site.id, build.day),
          forgetMonthFile(db, build.site.id, build.day),
          touchDay(db, build.site.id, build.day, now()),
        ]),
      );
      await deleteMonthFile(bucket, build.site.name, build.day);
      const staged = await mergeDay(context, build, { source: "d1", hours: [], without: point.name });
      if (staged.suspect === null && staged.file === null) {
        if (await deleteDayFile({ db, bucket }, build.site, build.day, point.id, staged.manifestEtag, now()))
          return "deleted";
        continue;
      }
      const published = await publishDay(context, build, staged);
      if (published !== null) return published.state === "suspect" ? "suspect" : "deleted";
    } catch (error) {
      await deleteStaging(bucket, build);
      if (!(error instanceof DayFileChanged)) throw error;
    }
  }
  await deleteStaging(bucket, build);
  return "conflict";
}

/** Segments in one transaction, which also changes each of the site's hot hours. */
const MAX_SEGMENTS_PER_TRANSACTION = 300;

/**
 * Deletes a point's hot samples and all rows about them, some segments in each transaction. Gap detection skips the
 * point until its next sample. Safe to repeat, and to stop anywhere.
 */
export async function deletePointRows(db: D1Database, siteId: number, pointId: number): Promise<void> {
  for (let changed = MAX_SEGMENTS_PER_TRANSACTION; changed === MAX_SEGMENTS_PER_TRANSACTION;) {
    const results = await withD1Retry(() =>
      db.batch([
        raiseClock(db, siteId),
        changeVersions(db, siteId),
        removePoint(db, pointId, MAX_SEGMENTS_PER_TRANSACTION),
        deleteEmpty(db, pointId),
      ]),
    );
    changed = results[2]!.meta.changes;
  }
  await withD1Retry(() =>
    db.batch([...forgetDamagedPoint(db, pointId), forgetSeen(db, pointId), deleteOpenDays(db, pointId)]),
  );
  await changeRows((most) => forgetLatePoint(db, pointId, most));
  await forgetLatest(db, siteId, (latest) => latest.pointId === pointId);
}

/** Deletes the packed aggregates of a point that no day file holds any more. Safe to repeat. */
export async function deletePackedMonths(db: D1Database, pointId: number): Promise<void> {
  await withD1Retry(() => deleteMonthsOfPoint(db, pointId).run());
}
