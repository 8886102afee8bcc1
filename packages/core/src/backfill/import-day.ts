import { type Catalog, loadCatalog, withNames } from "../catalog/catalog.ts";
import { DayFileChanged } from "../r2/file-error.ts";
import { scanDayFile } from "../parquet/file-reader.ts";
import { type DayState, readManifestDay } from "../manifest/manifest.ts";
import type { PointSamples, Series } from "../domain/samples.ts";
import { dayFence, isFenced } from "../store/day-fence.ts";
import { addMissingSamples } from "../store/store-samples.ts";
import type { BackfillSite } from "./backfill-site.ts";

/** Samples held at once; a few megabytes. */
const MAX_HELD = 100_000;

/** The result of importing a day. */
export interface ImportedDay {
  /** whole days since 1970 */
  readonly day: number;
  /** from the manifest; only a written day has samples to import */
  readonly state: DayState | "missing";
  /** samples in its file; all of them are hot now */
  readonly samples: number;
}

/**
 * Loads a site's day file into segments. Samples that are hot already stay. The next settling merges the loaded samples
 * into the file, which already holds them. Safe to repeat.
 * @throws {DayFileMissing}, {DayFileChanged} or {DayFileCorrupt} if the file is not the published one, possibly after a
 * part was loaded; errors of D1 and R2
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
  // at clock 0 no sample counts as late
  const store = { db, siteId: site.id, now: () => 0 };
  let catalog = await loadCatalog(db, site.id);
  let held: { readonly name: string; readonly series: Series }[] = [];
  let heldSamples = 0;
  let samples = 0;
  const storeHeld = async () => {
    // publishing a file adds its names to the catalogue, but a catalogue can be lost
    catalog = await withNames(
      db,
      site.id,
      catalog,
      held.map(({ name }) => name),
    );
    try {
      await addMissingSamples(store, pointSamples(held, catalog, heldSamples), 0, [fence]);
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
    if (heldSamples >= MAX_HELD) await storeHeld();
  }
  await storeHeld();
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
