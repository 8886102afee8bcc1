import { loadCatalog } from "../catalog/catalog.ts";
import { jsonChunks, MAX_ASCII_CHARS } from "../d1/json-chunks.ts";
import { withD1Retry } from "../d1/retry.ts";
import { dayRange, dayText } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { scanDayFile } from "./day-file-reader.ts";
import { foldHour } from "./fold-hour.ts";
import { hoursToFold } from "./fold-hours.ts";
import { hourAggregates, hourAggregatesText, NO_HOURS } from "./hour-aggregates.ts";
import { locatorText } from "./locator.ts";
import { judgeStoredDay } from "./judge-stored-day.ts";
import { type ManifestFile, readManifestDay } from "./manifest.ts";
import { pointDayKey } from "./point-day-rows.ts";
import type { RangeBucket } from "./range-get.ts";

/** A hot day of 4,583 points takes 230 statements, of the 1,000 that an invocation may make. */
const DAYS_A_RUN = 4;

export interface RebuildContext {
  readonly db: D1Database;
  readonly bucket: RangeBucket;
  /** hours that ended less than this ago are left to the fold, in milliseconds */
  readonly lookbackMs: number;
  readonly now: () => number;
}

/** What was compared with the samples themselves, and what was wrong. */
export interface RebuiltRollups {
  /** hot hours that were summed up anew, and days that were from their files */
  readonly hours: number;
  readonly files: number;
  /** rows of `point_days` that were checked: of each point and hour, or file */
  readonly rowsChecked: number;
  /** those of them that were not what the samples say, and are now */
  readonly rowsChanged: number;
  /** days that were judged anew, and rows of `point_days` whose quality was not what the samples say, and is now */
  readonly judged: number;
  readonly qualitiesChanged: number;
  /** days and hours that were not checked, and why */
  readonly skipped: readonly { readonly at: string; readonly reason: string }[];
  /** YYYY-MM-DD of the first day that was not reached; null: all were */
  readonly nextDate: string | null;
}

/**
 * Computes the hourly aggregates of a site's days from the samples again: of hot days from the hot rows, of days with a
 * file from the file; and the quality of those that have ended, from both. Safe to repeat, and to run beside anything.
 * @param range whole days since 1970, both included
 * @throws {DayFileMissing}, {DayFileChanged} and {DayFileCorrupt} where a file is not what was written;
 *   {StoredRowError}; the errors of D1 and R2
 */
export async function rebuildRollups(
  context: RebuildContext,
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
  const last = Math.min(range.last, range.first + DAYS_A_RUN - 1);
  for (let day = range.first; day <= last; day++) {
    const manifest = await readManifestDay(db, siteId, day);
    if (manifest !== null && manifest.file !== null) {
      if (manifest.state === "suspect") {
        skipped.push({ at: dayText(day), reason: manifest.reason ?? "its file is suspect" });
        continue;
      }
      const rebuilt = await rebuildFileDay(context, siteId, day, manifest.file);
      if (rebuilt.changed > 0) await tellChanged(db.prepare(CHANGED_DAY).bind(siteId, day, now()));
      sums.files++;
      sums.rowsChecked += rebuilt.checked;
      sums.rowsChanged += rebuilt.changed;
      await judge(day);
      continue;
    }
    for (const { hour, version } of await hoursToFold(db, siteId, dayRange(day), "all")) {
      if (hour + HOUR_MS > closed) continue;
      const folded = await foldHour(db, { siteId, hour, version });
      if (folded === null) {
        skipped.push({ at: new Date(hour).toISOString(), reason: "it changed meanwhile" });
        continue;
      }
      if (folded.changed > 0) await tellChanged(db.prepare(CHANGED_HOUR).bind(siteId, hour));
      sums.hours++;
      sums.rowsChecked += folded.points;
      sums.rowsChanged += folded.changed;
    }
    await judge(day);
  }
  return { ...sums, skipped, nextDate: last < range.last ? dayText(last + 1) : null };
}

/** So that answers which were made of the wrong rows have another ETag. ?1: site, ?2: day, ?3: epoch ms. */
const CHANGED_DAY = "UPDATE day_files SET updated_at = max(updated_at + 1, ?3) WHERE site_id = ?1 AND day = ?2";
/** ?1: site, ?2: hour. */
const CHANGED_HOUR = `
UPDATE hot_hours SET version = version + 1, folded_version = version + 1
WHERE site_id = ?1 AND hour = ?2 AND folded_version IS version`;

async function tellChanged(statement: D1PreparedStatement): Promise<void> {
  await withD1Retry(() => statement.run());
}

/** ?1: site, ?2: day, ?3: etag. */
const IS_SAME_FILE = "EXISTS (SELECT 1 FROM day_files WHERE site_id = ?1 AND day = ?2 AND etag = ?3)";

/** ?4: JSON array of [point_day, rows, locator, hours]. */
const WRITE_ROWS = `
INSERT INTO point_days (point_day, rows, locator, hours)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?4) WHERE ${IS_SAME_FILE}
ON CONFLICT (point_day) DO UPDATE SET rows = excluded.rows, locator = excluded.locator, hours = excluded.hours
WHERE rows IS NOT excluded.rows OR locator IS NOT excluded.locator OR hours IS NOT excluded.hours`;

/** ?4: JSON array of the keys that are in the file. */
const DELETE_OTHERS = `
DELETE FROM point_days WHERE point_day IN (SELECT p.id * 65536 + ?2 FROM points p WHERE p.site_id = ?1)
  AND point_day NOT IN (SELECT value FROM json_each(?4)) AND ${IS_SAME_FILE}
  -- the row of a point that has hot samples only: of its quality
  AND NOT (locator IS NULL AND actual IS NOT NULL AND hours = '${NO_HOURS}')`;

async function rebuildFileDay(
  { db, bucket }: RebuildContext,
  siteId: number,
  day: number,
  file: ManifestFile,
): Promise<{ readonly checked: number; readonly changed: number }> {
  const catalog = await loadCatalog(db, siteId);
  const rows: { readonly key: number; readonly text: string }[] = [];
  for await (const { name, series, locator } of scanDayFile(bucket, file)) {
    const id = catalog.get(name)?.id;
    // Nobody can ask for a name that the catalogue does not have.
    if (id === undefined) continue;
    const key = pointDayKey(id, day);
    const hours = hourAggregatesText(hourAggregates(series, day));
    rows.push({ key, text: JSON.stringify([key, series.times.length, locatorText(locator), hours]) });
  }
  const bind = (sql: string, json: string) => db.prepare(sql).bind(siteId, day, file.etag, json);
  const statements = [
    ...[...jsonChunks(rows, ({ text }) => text, MAX_ASCII_CHARS)].map(({ json }) => bind(WRITE_ROWS, json)),
    bind(DELETE_OTHERS, JSON.stringify(rows.map(({ key }) => key))),
  ];
  const results = await withD1Retry(() => db.batch(statements));
  return { checked: rows.length, changed: results.reduce((sum, { meta }) => sum + meta.changes, 0) };
}
