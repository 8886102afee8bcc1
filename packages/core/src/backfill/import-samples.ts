import { AceError } from "../ace/ace-error.ts";
import type { AceClient } from "../ace/client.ts";
import { type Catalog, loadCatalog, withNames } from "../catalog/catalog.ts";
import { EmptyCatalogError } from "../catalog/replace-catalog.ts";
import { seenRanges, storeSeen } from "../catalog/seen.ts";
import { SiteCatalog } from "../catalog/site-catalog.ts";
import { dayFence, isFenced } from "../store/day-fence.ts";
import { DayFileChanged, DayFileCorrupt, DayFileMissing } from "../r2/file-error.ts";
import { readPointsByFooter } from "../parquet/file-reader.ts";
import { readFooter } from "../parquet/footer.ts";
import { type ManifestDay, readManifestDay } from "../manifest/manifest.ts";
import { dayText } from "../domain/day.ts";
import { Problem } from "../domain/problem.ts";
import { countRejection, FUTURE_TOLERANCE_MS, type RejectionCounts } from "../domain/rejection.ts";
import type { PointSamples, Series } from "../domain/samples.ts";
import { storedPointName } from "../domain/weather.ts";
import { addMissingSamples } from "../store/store-samples.ts";
import { logError } from "../telemetry/log.ts";
import type { BackfillSite } from "./backfill-site.ts";
import { readRunningJob } from "./job-store.ts";

/** Samples of one point from a source other than the API. */
export interface ImportedPoint {
  readonly name: string;
  /** [epoch ms UTC, value]; of two samples at one time the later one counts */
  readonly samples: readonly (readonly [number, number])[];
}

/** The result of an import: received = stored + present + kept + rejected. */
export interface ImportCounts {
  readonly received: number;
  /** newly stored */
  readonly stored: number;
  /** already stored with the same bits, hot or cold */
  readonly present: number;
  /** another value is stored at that time, and stays */
  readonly kept: number;
  readonly rejected: RejectionCounts;
}

interface ImportContext {
  /** null: the site is paused, so the upstream must not be requested */
  readonly ace: AceClient | null;
  /** the site's database */
  readonly db: D1Database;
  readonly bucket: R2Bucket;
  /** the main database, which holds the backfill jobs */
  readonly jobs: D1Database;
}

/** How long an import waits for the upstream's list, in milliseconds. */
const LIST_BUDGET_MS = 10_000;

/** How often a day is read again when its file is replaced meanwhile. */
const TRIES = 3;

/**
 * Stores samples of one site's day at times without a stored sample, hot or cold. An import never replaces a value of
 * the API. For an unknown name it first requests the upstream's list of points; names that the list lacks become
 * `discovered` points. Safe to repeat, and to run beside itself, the sync and settling.
 * @param day whole days since 1970; all samples lie in it
 * @param now epoch ms
 * @throws {Problem}
 * - `backfill_in_progress`: the job's samples are newer, and hot samples would hide them
 * - `suspect_day`: the stored samples are unknown
 * - `cold_unavailable`: the day's file changed during each try
 * @throws errors of D1 and R2
 */
export async function importSamples(
  { ace, db, bucket, jobs }: ImportContext,
  site: BackfillSite,
  day: number,
  points: readonly ImportedPoint[],
  now: number,
): Promise<ImportCounts> {
  if ((await readRunningJob(jobs)) !== null) {
    throw new Problem("backfill_in_progress", "A backfill is in progress. Import after it has ended.");
  }
  const given = points
    .filter(({ samples }) => samples.length > 0)
    .map(({ name, samples }) => ({ name: storedPointName(site.name, name), samples }));
  const names = given.map(({ name }) => name);
  const catalog = await catalogWith(db, ace, site, names, now);
  for (let tries = 0; tries < TRIES; tries++) {
    const row = await readManifestDay(db, site.id, day);
    if (row?.state === "suspect") throw suspect(site, day);
    const settled = await readSettled(bucket, row, names);
    if (settled === null) continue;
    if (settled === "damaged") throw suspect(site, day);
    const counts = { received: 0, stored: 0, present: 0, kept: 0, rejected: {} };
    const missing = missingOf(given, settled, catalog, now, counts);
    if (missing.length === 0) return counts;
    const fence = dayFence(db, site.id, day, row?.file?.etag ?? null);
    const byId = new Map([...catalog.values()].map((point) => [point.id, point]));
    const store = { db, siteId: site.id, now: () => now };
    try {
      const added = await storeSeen(db, seenRanges(missing, byId), (seen) =>
        addMissingSamples(store, missing, 0, [fence, ...seen]),
      );
      const kept = counts.kept + added.changed + added.superseded;
      return { ...counts, stored: added.inserted, present: counts.present + added.unchanged, kept };
    } catch (error) {
      if (!isFenced(error)) throw error;
    }
  }
  throw new Problem(
    "cold_unavailable",
    `The file of ${dayText(day)} of ${site.name} changed during each of ${TRIES} tries. Send the samples again.`,
  );
}

/** An import may store samples of unlisted points, so it continues with an old list or none. */
async function catalogWith(
  db: D1Database,
  ace: AceClient | null,
  site: BackfillSite,
  names: readonly string[],
  now: number,
): Promise<Catalog> {
  const known = await loadCatalog(db, site.id);
  const unknown = names.filter((name) => !known.has(name));
  if (unknown.length === 0) return known;
  if (ace === null) return withNames(db, site.id, known, unknown);
  const catalog = new SiteCatalog({ db, ace, now: () => now, deadline: now + LIST_BUDGET_MS }, site);
  catalog.use(known);
  try {
    await catalog.meet(unknown);
    return catalog.points;
  } catch (error) {
    if (!(error instanceof AceError || error instanceof EmptyCatalogError)) throw error;
    logError("import_without_list", error, { site: site.name });
    return withNames(db, site.id, catalog.points, unknown);
  }
}

function suspect(site: BackfillSite, day: number): Problem {
  const detail = `The file of ${dayText(day)} of ${site.name} is missing or is not the published one, so its samples are unknown.`;
  return new Problem("suspect_day", `${detail} A backfill of that day with force_restart rebuilds it.`);
}

/** The samples of these points in the day's file; null: the file is being replaced. */
async function readSettled(
  bucket: R2Bucket,
  row: ManifestDay | null,
  names: readonly string[],
): Promise<Map<string, Series> | "damaged" | null> {
  if (row === null || row.file === null || names.length === 0) return new Map();
  const { key, etag } = row.file;
  try {
    return await readPointsByFooter(bucket, key, await readFooter(bucket, { key, etag }), names);
  } catch (error) {
    if (error instanceof DayFileChanged) return null;
    if (error instanceof DayFileCorrupt || error instanceof DayFileMissing) return "damaged";
    throw error;
  }
}

/** Returns the samples that the file lacks, and counts the others. */
function missingOf(
  points: readonly ImportedPoint[],
  settled: ReadonlyMap<string, Series>,
  catalog: Catalog,
  now: number,
  counts: { received: number; present: number; kept: number; readonly rejected: RejectionCounts },
): PointSamples {
  const rows: (readonly [pointId: number, time: number, value: number])[] = [];
  for (const { name, samples } of points) {
    const { id } = catalog.get(name)!;
    const series = settled.get(name);
    const stored = new Map(series === undefined ? [] : [...series.times].map((time, i) => [time, series.values[i]!]));
    for (const [time, value] of samples) {
      counts.received++;
      const there = stored.get(time);
      if (time > now + FUTURE_TOLERANCE_MS) countRejection(counts.rejected, "future");
      else if (there === undefined) rows.push([id, time, value]);
      else if (Object.is(there, value)) counts.present++;
      else counts.kept++;
    }
  }
  return {
    pointIds: Int32Array.from(rows, ([id]) => id),
    times: Float64Array.from(rows, ([, time]) => time),
    values: Float64Array.from(rows, ([, , value]) => value),
    length: rows.length,
  };
}
