import { loadCatalog } from "../catalog/catalog.ts";
import type { FiledSamples } from "../store/compare-arrivals.ts";
import type { StoredSeries } from "../store/stored-series.ts";
import { askedAt } from "../manifest/asked-hours.ts";
import { readPointsByFooter } from "../parquet/file-reader.ts";
import { readFooter } from "../parquet/footer.ts";
import { readManifestDay } from "../manifest/manifest.ts";
import type { RangeBucket } from "../r2/range-get.ts";
import { DayFileChanged, DayFileCorrupt, DayFileMissing } from "../r2/file-error.ts";

/**
 * Reads the samples of some points from a site's day files, so that known samples are not stored again. A suspect or
 * unreadable file counts as empty: its samples are stored twice, and none is lost.
 */
export function filedSamples(db: D1Database, bucket: RangeBucket, siteId: number): FiledSamples {
  return async (day, pointIds) => {
    const manifest = await readManifestDay(db, siteId, day);
    if (manifest?.state !== "written" || manifest.file === null) return new Map();
    const wanted = new Set(pointIds);
    const ids = new Map(
      [...(await loadCatalog(db, siteId)).values()].flatMap(({ id, name }) => (wanted.has(id) ? [[name, id]] : [])),
    );
    const { key, etag } = manifest.file;
    try {
      const footer = await readFooter(bucket, { key, etag });
      const series = await readPointsByFooter(bucket, key, footer, [...ids.keys()]);
      return new Map(
        [...series].map(([name, { times, values }]): [number, StoredSeries] => [
          ids.get(name)!,
          { times, values, asked: times.map((time) => askedAt(manifest, time)) },
        ]),
      );
    } catch (error) {
      const isUnreadable =
        error instanceof DayFileChanged || error instanceof DayFileCorrupt || error instanceof DayFileMissing;
      if (isUnreadable) return new Map();
      throw error;
    }
  };
}
