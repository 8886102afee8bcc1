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
 * Runs the statement that publishes a build, and those that belong to it, in one transaction.
 * @returns false, and nothing is written, where another build is published
 */
async function isPublished(
  db: D1Database,
  of: DayBuild,
  publish: D1PreparedStatement,
  others: readonly D1PreparedStatement[],
): Promise<boolean> {
  return (await batchUnlessChanged(db, [publish, expectPublished(db, of), ...others])) !== null;
}

/**
 * Turns the manifest to a file that is in place, in one transaction. Safe to repeat. A mark that is null: the file has folded no segment, so
 * nothing depends on the clock.
 * @returns false, and nothing is written, where a later build is published already, or D1 was turned back since the build read the clock
 */
export async function commitFile(
  db: D1Database,
  of: DayBuild,
  file: ManifestFile,
  staged: Pick<StagedDay, "source" | "generation" | "formula" | "settledStamp" | "asked"> & {
    readonly mark: string | null;
  },
  rows: FileRows,
  now: number,
): Promise<boolean> {
  const { formula, settledStamp, mark } = staged;
  const siteId = of.site.id;
  const { day } = of;
  return isPublished(db, of, publishFile(db, of, file, staged, now), [
    ...(mark === null ? [] : [expectMark(db, siteId, mark)]),
    ...replaceRows(db, { siteId, day }, rows.texts, rows.keys),
    // a repair keeps the generation, and may have found points that the packed month lacks
    forgetPacked(db, siteId, day),
    // block_days now aggregates the file, without later segments (migrations/0001_schema.sql, `hot_hours`)
    forgetHours(db, siteId, day, settledStamp),
    markDayChanged(db, siteId, day),
    // what another version of this code judged, or none, is judged again
    formula === FORMULA_VERSION
      ? markJudged(db, { siteId, day, formula }, basisOfFile(file.etag), now)
      : forgetJudged(db, siteId, day),
  ]);
}

/** Notes that a day was proved to have no samples. @returns false where it has a file meanwhile */
export async function commitEmpty(
  db: D1Database,
  of: DayBuild,
  staged: Pick<StagedDay, "baseGeneration" | "asked" | "settledStamp" | "mark">,
  now: number,
): Promise<boolean> {
  const { settledStamp, mark } = staged;
  return isPublished(db, of, publishEmpty(db, of, staged, now), [
    expectMark(db, of.site.id, mark),
    // of segments whose samples were deleted
    forgetHours(db, of.site.id, of.day, settledStamp),
  ]);
}
