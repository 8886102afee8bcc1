import { loadCatalog } from "../src/catalog/catalog.ts";
import { dayFileKey } from "../src/cold/day-file-key.ts";
import { scanDayFile } from "../src/cold/day-file-reader.ts";
import { manifestStatement, objectStanding, parseManifestDays } from "../src/cold/manifest.ts";
import type { DayBuild } from "../src/cold/staging.ts";
import { dayRange } from "../src/domain/day.ts";
import { decodeRows } from "../src/hot/hour-row.ts";
import { rowKey } from "../src/hot/row-key.ts";
import type { SampleLines } from "./stored-samples.ts";

/**
 * All samples of a site's day as lines `point time value`, sorted, read as a query has to: one D1 transaction for the
 * manifest and the hot rows, then the file; and all of it again where the file is not the manifest's any more.
 */
export async function storedDay(
  db: D1Database,
  bucket: R2Bucket,
  { site, day }: Omit<DayBuild, "build">,
): Promise<SampleLines> {
  const { start, end } = dayRange(day);
  const key = dayFileKey(site.name, day);
  for (let tries = 0; tries < 5; tries++) {
    const names = new Map([...(await loadCatalog(db, site.id)).values()].map((point) => [point.id, point.name]));
    const [manifest, hot] = await db.batch([
      manifestStatement(db, site.id, day, day + 1),
      db
        .prepare("SELECT hour_point, samples FROM sample_hours WHERE hour_point >= ?1 AND hour_point < ?2")
        .bind(rowKey(start, 0), rowKey(end, 0)),
    ]);
    const row = parseManifestDays(manifest?.results)[0] ?? null;
    const object = await bucket.head(key);
    const lines = new Map<string, string>();
    const put = (name: string, time: number, value: number) =>
      lines.set(`${name} ${time}`, `${name} ${time} ${Object.is(value, -0) ? "-0" : value}`);
    if (object !== null && row !== null && objectStanding(row, object) === "foreign") continue;
    // a build that has not claimed its file has none yet
    if (object !== null && row !== null) {
      for await (const { name, series } of scanDayFile(bucket, { key, etag: object.etag })) {
        series.times.forEach((time, i) => put(name, time, series.values[i]!));
      }
    }
    for (const { hour, pointId, offsets, values } of decodeRows(hot?.results)) {
      const name = names.get(pointId);
      if (name !== undefined) offsets.forEach((offset, i) => put(name, hour + offset, values[i]!));
    }
    return [...lines.values()].sort();
  }
  throw new Error("the file in place is not one of the manifest's");
}

/** Every key below a prefix. */
export async function keysOf(bucket: R2Bucket, prefix: string): Promise<string[]> {
  return (await bucket.list({ prefix })).objects.map((object) => object.key);
}

/** The rows of a day in D1, but for what tells builds and times of the clock apart. */
export async function dayRows(db: D1Database, { site, day }: Omit<DayBuild, "build">): Promise<unknown> {
  const [file, points, seen] = await db.batch([
    db
      .prepare(
        "SELECT state, key, etag, sha256, bytes, rows, points, source FROM day_files WHERE site_id = ?1 AND day = ?2",
      )
      .bind(site.id, day),
    db
      .prepare(
        `SELECT d.* FROM points p CROSS JOIN point_days d ON d.point_day = p.id * 65536 + ?2
         WHERE p.site_id = ?1 ORDER BY d.point_day`,
      )
      .bind(site.id, day),
    db.prepare("SELECT id, name, first_seen, last_seen FROM points WHERE site_id = ?1 ORDER BY id").bind(site.id),
  ]);
  return { file: file?.results, points: points?.results, seen: seen?.results };
}
