import { blockDayRows, type PointSlice } from "../rollups/block-day-rows.ts";
import { hexOf } from "../bytes/hex.ts";
import { hourAggregates } from "../rollups/hour-aggregates.ts";
import { encodeSlice } from "../rollups/hour-slice.ts";
import { parseRows, pointsOfRow, rowsStatement, type StoredRow, withPackedHours } from "../rollups/read-rows.ts";
import { changedRows, writeHours } from "../rollups/write-rows.ts";
import { loadCatalog } from "../catalog/catalog.ts";
import { batchUnlessChanged, ELSE_FAIL } from "../d1/changed-meanwhile.ts";
import { withD1Retry } from "../d1/retry.ts";
import { dayText } from "../domain/day.ts";
import { scanDayFile } from "../parquet/file-reader.ts";
import { rollUpDay } from "../day-build/roll-up-day.ts";
import { judgeStoredDay } from "./judge-stored-day.ts";
import { type ManifestFile, readManifestDay } from "../manifest/manifest.ts";
import type { RangeBucket } from "../r2/range-get.ts";
import { touchDay } from "../manifest/write-manifest.ts";
import { forgetPacked } from "../manifest/write-month-files.ts";

/** A hot day of 4,583 points takes 230 of the 1,000 statements of an invocation. */
const MAX_DAYS_PER_RUN = 4;

export interface RollupContext {
  readonly db: D1Database;
  readonly bucket: RangeBucket;
  /** hours that ended less than this ago are left to the hourly rollup, ms */
  readonly lookbackMs: number;
  readonly now: () => number;
}

/** Counts of rows compared with the samples, and of corrected rows. */
export interface RebuiltRollups {
  /** hot hours that were rolled up again, and days rolled up from their files */
  readonly hours: number;
  readonly files: number;
  /** checked aggregates of a point and hot hour, and checked points of files */
  readonly rowsChecked: number;
  /** rows of those that were wrong, and are corrected */
  readonly rowsChanged: number;
  /** days that were judged again, and rows of `block_days` with a corrected quality */
  readonly judged: number;
  readonly qualitiesChanged: number;
  /** days and hours that were not checked, and why */
  readonly skipped: readonly { readonly at: string; readonly reason: string }[];
  /** YYYY-MM-DD of the first day that was not reached; null: finished */
  readonly nextDate: string | null;
}

/**
 * Recomputes the hourly aggregates of a site's days: from the file of a day with one, else from hot rows. Recomputes
 * the quality of days that have ended. Safe to repeat, and to run beside any other work.
 * @param range whole days since 1970, both included
 * @throws {DayFileMissing}, {DayFileChanged} and {DayFileCorrupt} if a file is not the published one; {StoredRowError};
 * errors of D1 and R2
 */
export async function rebuildRollups(
  context: RollupContext,
  siteId: number,
  range: { readonly first: number; readonly last: number },
): Promise<RebuiltRollups> {
  const { db, lookbackMs, now } = context;
  const closed = now() - lookbackMs;
  const skipped: { at: string; reason: string }[] = [];
  const sums = { hours: 0, files: 0, rowsChecked: 0, rowsChanged: 0, judged: 0, qualitiesChanged: 0 };
  const judge = async (day: number) => {
    const done = await judgeStoredDay(context, siteId, day);
    if (done === null) return;
    sums.judged++;
    sums.qualitiesChanged += done.changed;
  };
  const last = Math.min(range.last, range.first + MAX_DAYS_PER_RUN - 1);
  for (let day = range.first; day <= last; day++) {
    const manifest = await readManifestDay(db, siteId, day);
    if (manifest !== null && manifest.file !== null) {
      if (manifest.state === "suspect") {
        skipped.push({ at: dayText(day), reason: manifest.reason ?? "its file is suspect" });
        continue;
      }
      const rebuilt = await rebuildFileDay(context, siteId, day, manifest.file);
      if (rebuilt === null) {
        skipped.push({ at: dayText(day), reason: "its file changed meanwhile" });
        continue;
      }
      sums.files++;
      sums.rowsChecked += rebuilt.checked;
      sums.rowsChanged += rebuilt.changed;
      await judge(day);
      continue;
    }
    const rolledUp = await rollUpDay(db, { siteId, day, closed, which: "all" });
    if (rolledUp === null) skipped.push({ at: dayText(day), reason: "its data changed meanwhile" });
    else {
      skipped.push(...rolledUp.failed.map(({ hour, reason }) => ({ at: new Date(hour).toISOString(), reason })));
      sums.hours += rolledUp.hours;
      sums.rowsChecked += rolledUp.aggregates;
      sums.rowsChanged += rolledUp.changed;
    }
    await judge(day);
  }
  return { ...sums, skipped, nextDate: last < range.last ? dayText(last + 1) : null };
}

/** ?1 site, ?2 day, ?3 etag. */
const EXPECT_SAME_FILE = `
SELECT CASE WHEN EXISTS (SELECT 1 FROM day_files WHERE site_id = ?1 AND day = ?2 AND etag = ?3) ${ELSE_FAIL}`;

/** @returns null if another file is published; nothing is written then */
async function rebuildFileDay(
  { db, bucket, now }: RollupContext,
  siteId: number,
  day: number,
  file: ManifestFile,
): Promise<{ readonly checked: number; readonly changed: number } | null> {
  const catalog = await loadCatalog(db, siteId);
  const points: PointSlice[] = [];
  for await (const { name, series, locator } of scanDayFile(bucket, file)) {
    const pointId = catalog.get(name)?.id;
    // Names that the catalogue lacks cannot be queried.
    if (pointId === undefined) continue;
    const slice = encodeSlice({ hours: hourAggregates(series, day), locator });
    points.push({ pointId, slice, rows: series.times.length });
  }
  const found = parseRows((await withD1Retry(() => rowsStatement(db, siteId, day, day).all())).results);
  const stored = await withPackedHours(db, found);
  const rows = changedRows(stored, blockDayRows(day, points));
  const changed = changedPoints(stored, points);
  if (rows.length === 0) return { checked: points.length, changed };
  const written = await batchUnlessChanged(db, [
    db.prepare(EXPECT_SAME_FILE).bind(siteId, day, file.etag),
    ...writeHours(db, rows),
    forgetPacked(db, siteId, day),
    touchDay(db, siteId, day, now()),
  ]);
  if (written === null) return null;
  return { checked: points.length, changed };
}

/** Points whose row differs from the file, and points that are not in the file. */
function changedPoints(stored: readonly StoredRow[], points: readonly PointSlice[]): number {
  const textOf = ({ slice, rows }: PointSlice) => `${rows} ${hexOf(slice)}`;
  const before = new Map(
    stored.flatMap((row) => (pointsOfRow(row) ?? []).map((point) => [point.pointId, textOf(point)])),
  );
  const different = points.filter((point) => before.get(point.pointId) !== textOf(point)).length;
  const known = new Set(points.map(({ pointId }) => pointId));
  return different + [...before.keys()].filter((id) => !known.has(id)).length;
}
