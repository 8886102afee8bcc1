import { type Catalog, loadCatalog, withNames } from "../catalog/catalog.ts";
import { DayFileChanged } from "../cold/day-file-error.ts";
import { scanDayFile } from "../cold/day-file-reader.ts";
import { type DayState, readManifestDay } from "../cold/manifest.ts";
import { jsonChunks, MAX_ASCII_CHARS } from "../d1/json-chunks.ts";
import type { PointSamples, Series } from "../domain/samples.ts";
import { withD1Retry } from "../d1/retry.ts";
import { dayFence, isFenced } from "../hot/day-fence.ts";
import { newRevision, touchHours } from "../hot/hot-hours.ts";
import { encodeSamples, groupByHour, type HourRow } from "../hot/hour-row.ts";
import { rowKey } from "../hot/row-key.ts";
import { ADD_TO_ROWS } from "../hot/upsert.ts";
import type { BackfillSite } from "./backfill-site.ts";

/** Samples that are held at once: some megabytes. */
const MAX_HELD = 100_000;

/** What became of a day that was to be imported. */
export interface ImportedDay {
  /** whole days since 1970 */
  readonly day: number;
  /** of the manifest; only a written day has samples to import */
  readonly state: DayState | "missing";
  /** samples of its file, all of them hot now */
  readonly samples: number;
}

/**
 * Loads a site's day file into the hot level. The next archive folds what was loaded into the file again, where it is
 * already. Safe to repeat.
 * @throws {DayFileMissing}, {DayFileChanged} and {DayFileCorrupt} where the file is not what was written, maybe after a
 *   part of it was loaded; the errors of D1 and R2
 */
export async function importDay(
  db: D1Database,
  bucket: R2Bucket,
  site: BackfillSite,
  day: number,
): Promise<ImportedDay> {
  const row = await readManifestDay(db, site.id, day);
  if (row?.state !== "written" || row.file === null) return { day, state: row?.state ?? "missing", samples: 0 };
  const { file } = row;
  const fence = dayFence(db, site.id, day, file.etag);
  let catalog = await loadCatalog(db, site.id);
  let held: { readonly name: string; readonly series: Series }[] = [];
  let heldSamples = 0;
  let samples = 0;
  const store = async () => {
    // every name of a day file is in the catalogue when it is published; but catalogues can be lost
    catalog = await withNames(
      db,
      site.id,
      catalog,
      held.map(({ name }) => name),
    );
    try {
      await addRows(db, groupByHour(pointSamples(held, catalog, heldSamples)).rows, fence);
    } catch (error) {
      throw isFenced(error) ? new DayFileChanged(file.key, file.etag, "of a later build") : error;
    }
    samples += heldSamples;
    held = [];
    heldSamples = 0;
  };
  for await (const { name, series } of scanDayFile(bucket, file)) {
    held.push({ name, series });
    heldSamples += series.times.length;
    if (heldSamples >= MAX_HELD) await store();
  }
  await store();
  return { day, state: "written", samples };
}

function pointSamples(
  points: readonly { readonly name: string; readonly series: Series }[],
  catalog: Catalog,
  length: number,
): PointSamples {
  const columns = {
    pointIds: new Int32Array(length),
    times: new Float64Array(length),
    values: new Float64Array(length),
  };
  let at = 0;
  for (const { name, series } of points) {
    columns.pointIds.fill(catalog.get(name)!.id, at, at + series.times.length);
    columns.times.set(series.times, at);
    columns.values.set(series.values, at);
    at += series.times.length;
  }
  return { ...columns, length };
}

/** Not as samples that come late are stored: these are not counted, and chunks of many hours spare statements. */
async function addRows(db: D1Database, rows: readonly HourRow[], fence: D1PreparedStatement): Promise<void> {
  const encode = (row: HourRow) => `[${rowKey(row.hour, row.pointId)},${encodeSamples(row)}]`;
  for (const { items, json } of jsonChunks(rows, encode, MAX_ASCII_CHARS)) {
    const keys = JSON.stringify(items.map(({ hour, pointId }) => rowKey(hour, pointId)));
    await withD1Retry(() => {
      const revision = newRevision();
      return db.batch([db.prepare(ADD_TO_ROWS).bind(json, revision), touchHours(db, keys, revision), fence]);
    });
  }
}
