import { type PointQualityValues, qualityTexts } from "../rollups/block-day-rows.ts";
import { replaceQualities } from "../rollups/write-rows.ts";
import { loadCatalog } from "../catalog/catalog.ts";
import { batchUnlessChanged, ELSE_FAIL } from "../d1/changed-meanwhile.ts";
import { withD1Retry } from "../d1/retry.ts";
import { DAY_MS, dayRange } from "../domain/day.ts";
import { EMPTY_SERIES, type Series } from "../domain/samples.ts";
import { compareUtf8 } from "../domain/utf8-order.ts";
import { hotHoursStatement, parseHotHours } from "../store/hot-hours.ts";
import { NOTHING_BESIDE, readSeriesBeside, refuseDamaged } from "../store/read-segments.ts";
import { mergeStored, NO_STORED_SERIES } from "../store/stored-series.ts";
import { FORMULA_VERSION, qualityValues } from "../quality/point-day-quality.ts";
import { DayFileCorrupt, provesFileFault } from "../r2/file-error.ts";
import { scanDayFile } from "../parquet/file-reader.ts";
import { DayJudge } from "../day-build/day-judge.ts";
import { askedAt } from "../manifest/asked-hours.ts";
import { type ManifestDay, type ManifestFile, manifestStatement, parseManifestDays } from "../manifest/manifest.ts";
import { type PointOrder, pointOrder } from "../day-build/point-order.ts";
import { markJudged } from "../manifest/quality-days.ts";
import type { RangeBucket } from "../r2/range-get.ts";
import { markSuspect } from "../manifest/write-manifest.ts";

export interface JudgeContext {
  readonly db: D1Database;
  readonly bucket: RangeBucket;
  readonly now: () => number;
}

/** The result of judging a day. */
export interface RejudgedDay {
  /** points with samples on the day */
  readonly points: number;
  /** rows of `block_days` that were written */
  readonly changed: number;
}

/** Points whose segments are in memory at once. A day at a sample a minute takes 6 MB of text and 6 MB of samples. */
const POINTS_AT_ONCE = 160;

/** ?1 site, ?2 day, ?3 hot hours, ?4 sum of their versions, ?5 etag. */
const IS_UNCHANGED = `
  EXISTS (
    SELECT 1 FROM (
      SELECT count(*) AS hours, coalesce(sum(version), 0) AS versions FROM hot_hours
      WHERE site_id = ?1 AND hour >= ?2 * ${DAY_MS} AND hour < (?2 + 1) * ${DAY_MS}
    ) WHERE hours = ?3 AND versions = ?4
  )
  AND (SELECT etag FROM day_files WHERE site_id = ?1 AND day = ?2) IS ?5`;

const EXPECT_UNCHANGED = `SELECT CASE WHEN ${IS_UNCHANGED} ${ELSE_FAIL}`;

/**
 * Computes the quality of all points of a site's day from its samples, hot and cold. Safe to repeat, and to run beside
 * any other work: writes all or nothing, and only if the samples have not changed since they were read. A file that is
 * damaged at a second read makes its day suspect.
 * @returns null if samples came meanwhile, the day has not ended or its file is suspect; nothing is written then
 * @throws {DayFileMissing}, {DayFileChanged} and {DayFileCorrupt}; {StoredRowError}; errors of D1 and R2
 */
export async function judgeStoredDay(context: JudgeContext, siteId: number, day: number): Promise<RejudgedDay | null> {
  const { db, bucket, now } = context;
  const range = dayRange(day);
  const [manifestRows, hourRows] = await withD1Retry(() =>
    db.batch([manifestStatement(db, siteId, day, day + 1), hotHoursStatement(db, siteId, range)]),
  );
  const manifest = parseManifestDays(manifestRows?.results)[0] ?? null;
  const hours = parseHotHours(hourRows?.results);
  if (manifest?.state === "suspect") return null;
  const judge = await DayJudge.open(db, siteId, day, manifest?.source ?? null);
  if (judge === null) return null;

  const file = manifest?.file ?? null;
  const order = pointOrder(await loadCatalog(db, siteId));
  const points: PointQualityValues[] = [];
  const starts = hours.map(({ hour }) => hour);
  try {
    for await (const { id, name, series } of seriesOfDay(context, siteId, order, day, starts, manifest)) {
      points.push({ pointId: id, quality: qualityValues(judge.judge(name, series)) });
    }
  } catch (error) {
    // The next run judges a replaced file; a damaged file stays damaged.
    if (file !== null && isDamage(error) && (await isDamaged(bucket, file))) {
      await markSuspect(db, { siteId, day, etag: file.etag }, error.message, now());
    }
    throw error;
  }
  const etag = file?.etag ?? null;
  const hotVersions = hours.reduce((sum, { version }) => sum + version, 0);
  const expect = db.prepare(EXPECT_UNCHANGED).bind(siteId, day, hours.length, hotVersions, etag);
  const judgement = { siteId, day, formula: FORMULA_VERSION };
  const judged = markJudged(db, judgement, { etag, hotHours: hours.length, hotVersions }, now());
  const writes = replaceQualities(db, { siteId, day }, qualityTexts(day, points));
  const results = await batchUnlessChanged(db, [expect, judged, ...writes]);
  if (results === null) return null;
  const changed = results.slice(2).reduce((sum, { meta }) => sum + meta.changes, 0);
  return { points: points.length, changed };
}

function isDamage(error: unknown): error is DayFileCorrupt {
  return error instanceof DayFileCorrupt && provesFileFault(error);
}

/** Whether a file is damaged in R2, not only in transit. */
async function isDamaged(bucket: RangeBucket, file: ManifestFile): Promise<boolean> {
  const points = scanDayFile(bucket, file);
  try {
    while ((await points.next()).done !== true);
    return false;
  } catch (error) {
    return isDamage(error);
  }
}

/** The samples of each point with samples, ordered by name, from both levels. */
async function* seriesOfDay(
  { db, bucket }: JudgeContext,
  siteId: number,
  order: PointOrder,
  day: number,
  hours: readonly number[],
  manifest: ManifestDay | null,
): AsyncGenerator<{ readonly id: number; readonly name: string; readonly series: Series }> {
  const file = manifest?.file ?? null;
  const scan = file === null ? null : scanDayFile(bucket, file);
  const fileAsked = (time: number) => (manifest === null ? 0 : askedAt(manifest, time));
  const nextOld = async () => {
    const next = await scan?.next();
    return next === undefined || next.done === true ? null : next.value;
  };
  let old = await nextOld();
  const { points } = order;
  for (let first = 0; first < points.length; first += POINTS_AT_ONCE) {
    const some = points.slice(first, first + POINTS_AT_ONCE);
    const ids = some.map(({ id }) => id);
    const wanted = { siteId, hours: new Map(ids.map((id) => [id, hours])), range: dayRange(day) };
    const { series: hot, damaged } = await readSeriesBeside(db, wanted, NOTHING_BESIDE);
    refuseDamaged(damaged);
    for (const { id, name } of some) {
      // names that the catalogue lacks
      while (old !== null && compareUtf8(old.name, name) < 0) old = await nextOld();
      const stored = old?.name === name ? old.series : null;
      const series = mergeStored(stored ?? EMPTY_SERIES, hot.get(id) ?? NO_STORED_SERIES, fileAsked);
      if (series.times.length > 0) yield { id, name, series };
      if (stored !== null) old = await nextOld();
    }
  }
}
