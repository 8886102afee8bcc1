import { loadCatalog } from "../src/catalog/catalog.ts";
import { askedAt } from "../src/manifest/asked-hours.ts";
import { dayFileKey } from "../src/r2/day-file-key.ts";
import { scanDayFile } from "../src/parquet/file-reader.ts";
import { manifestStatement, objectStanding, parseManifestDays } from "../src/manifest/manifest.ts";
import type { DayBuild } from "../src/r2/staging.ts";
import { dayStart } from "../src/domain/day.ts";
import { segmentRowsSchema } from "../src/store/whole-blocks.ts";
import { decodeBody } from "../src/store/segment-body.ts";
import type { SampleLines } from "./stored-samples.ts";

/**
 * All samples of a site's day as sorted lines `point time value`. Reads like a query: one D1 transaction for the
 * manifest and the hot rows, then the file. Reads again if the file is no longer the manifest's.
 */
export async function storedDay(
  db: D1Database,
  bucket: R2Bucket,
  { site, day }: Omit<DayBuild, "build">,
): Promise<SampleLines> {
  const key = dayFileKey(site.name, day);
  for (let tries = 0; tries < 5; tries++) {
    const names = new Map([...(await loadCatalog(db, site.id)).values()].map((point) => [point.id, point.name]));
    const [manifest, hot] = await db.batch([
      manifestStatement(db, site.id, day, day + 1),
      // Passes over segments that the file contains already, as a reader does.
      db
        .prepare(
          `SELECT s.key, s.asked, json(s.body) AS body FROM segments s
           WHERE (s.key >> 24) & 65535 = ?2 AND s.key & 16777215 > coalesce(
             (SELECT settled_stamp FROM day_files WHERE site_id = ?1 AND day = ?2), 0)
           AND s.key >> 40 IN (SELECT id >> 7 FROM points WHERE site_id = ?1) ORDER BY s.asked, s.key & 16777215`,
        )
        .bind(site.id, day),
    ]);
    const row = parseManifestDays(manifest?.results)[0] ?? null;
    const object = await bucket.head(key);
    const lines = new Map<string, string>();
    const put = (name: string, time: number, value: number) =>
      lines.set(`${name} ${time}`, `${name} ${time} ${Object.is(value, -0) ? "-0" : value}`);
    if (object !== null && row !== null && objectStanding(row, object) === "foreign") continue;
    // A build that has not claimed its file has no file yet.
    if (object !== null && row !== null) {
      for await (const { name, series } of scanDayFile(bucket, { key, etag: object.etag })) {
        series.times.forEach((time, i) => put(name, time, series.values[i]!));
      }
    }
    const fileAsked = object === null || row === null ? () => 0 : (time: number) => askedAt(row, time);
    const inFile = new Set(lines.keys());
    for (const { key: segment, asked, body } of segmentRowsSchema.parse(hot?.results)) {
      for (const { pointId, offsets, values } of decodeBody(segment, body)) {
        const name = names.get(pointId);
        if (name === undefined) continue;
        for (const [i, offset] of offsets.entries()) {
          const time = dayStart(day) + offset;
          if (!inFile.has(`${name} ${time}`) || asked > fileAsked(time)) put(name, time, values[i]!);
        }
      }
    }
    return [...lines.values()].sort();
  }
  throw new Error("the file in place is not one of the manifest's");
}

/** Every key with a prefix. */
export async function keysOf(bucket: R2Bucket, prefix: string): Promise<string[]> {
  return (await bucket.list({ prefix })).objects.map((object) => object.key);
}

/** The rows of a day in D1, without columns that differ by build or clock time. */
export async function dayRows(db: D1Database, { site, day }: Omit<DayBuild, "build">): Promise<unknown> {
  const [file, points, seen] = await db.batch([
    db
      .prepare(
        "SELECT state, key, etag, sha256, bytes, rows, points, source FROM day_files WHERE site_id = ?1 AND day = ?2",
      )
      .bind(site.id, day),
    db
      .prepare(
        `SELECT d.* FROM (SELECT DISTINCT id >> 4 AS block FROM points WHERE site_id = ?1) b
         CROSS JOIN block_days d ON d.key = (b.block << 16) + ?2 ORDER BY d.key`,
      )
      .bind(site.id, day),
    db.prepare("SELECT id, name, first_seen, last_seen FROM points WHERE site_id = ?1 ORDER BY id").bind(site.id),
  ]);
  return { file: file?.results, points: points?.results, seen: seen?.results };
}
