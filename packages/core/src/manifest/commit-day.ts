import { replaceRows } from "../rollups/write-rows.ts";
import { batchUnlessChanged } from "../d1/changed-meanwhile.ts";
import { forgetHours, markDayChanged } from "../store/hot-hours.ts";
import { expectMark } from "../store/site-clock.ts";
import { FORMULA_VERSION } from "../quality/point-day-quality.ts";
import type { FileRows } from "./file-rows.ts";
import type { ManifestFile } from "./manifest.ts";
import { basisOfFile, forgetJudged, markJudged } from "./quality-days.ts";
import type { StagedDay } from "./staged-day.ts";
import type { DayBuild } from "../r2/staging.ts";
import { forgetPacked } from "./write-month-files.ts";
import { expectPublished, publishEmpty, publishFile } from "./write-manifest.ts";

/**
 * Runs the statement that publishes a build, and those that depend on it, in one transaction.
 * @returns false if another build is published; nothing is written then
 */
async function isPublished(
  db: D1Database,
  build: DayBuild,
  publish: D1PreparedStatement,
  others: readonly D1PreparedStatement[],
): Promise<boolean> {
  return (await batchUnlessChanged(db, [publish, expectPublished(db, build), ...others])) !== null;
}

/**
 * Points the manifest at a file that R2 already has, in one transaction. Safe to repeat.
 * @param staged `mark` is null if the file contains no segment; the site's clock does not matter then
 * @returns false, with nothing written, if a later build is published, or if D1 was restored to an earlier state after
 * the build read the clock
 */
export async function commitFile(
  db: D1Database,
  build: DayBuild,
  file: ManifestFile,
  staged: Pick<StagedDay, "source" | "generation" | "formula" | "settledStamp" | "asked"> & {
    readonly mark: string | null;
  },
  rows: FileRows,
  now: number,
): Promise<boolean> {
  const { formula, settledStamp, mark } = staged;
  const siteId = build.site.id;
  const { day } = build;
  return isPublished(db, build, publishFile(db, build, file, staged, now), [
    ...(mark === null ? [] : [expectMark(db, siteId, mark)]),
    ...replaceRows(db, { siteId, day }, rows.texts, rows.keys),
    // A rebuild keeps the generation, and may find points that the packed month lacks.
    forgetPacked(db, siteId, day),
    // block_days now aggregates the file, without later segments (migrations/0001_schema.sql, `hot_hours`).
    forgetHours(db, siteId, day, settledStamp),
    markDayChanged(db, siteId, day),
    // The quality is computed again if another version of the formula judged it, or nothing did.
    formula === FORMULA_VERSION
      ? markJudged(db, { siteId, day, formula }, basisOfFile(file.etag), now)
      : forgetJudged(db, siteId, day),
  ]);
}

/** Records that a day has no samples, as the upstream proved. @returns false if the day has a file by now */
export async function commitEmpty(
  db: D1Database,
  build: DayBuild,
  staged: Pick<StagedDay, "baseGeneration" | "asked" | "settledStamp" | "mark">,
  now: number,
): Promise<boolean> {
  const { settledStamp, mark } = staged;
  return isPublished(db, build, publishEmpty(db, build, staged, now), [
    expectMark(db, build.site.id, mark),
    // Hours of segments whose samples were deleted.
    forgetHours(db, build.site.id, build.day, settledStamp),
  ]);
}
