import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DatabaseSync } from "node:sqlite";
import { askedAt, parseAsked } from "@building-vitals/core/manifest/asked-hours";
import { dayStart, dayText } from "@building-vitals/core/domain/day";
import { decodeBody, type PointPart, StoredRowError } from "@building-vitals/core/store/segment-body";
import { dayOfSegmentSql, firstPointSql, placeOfKey, stampOfSegmentSql } from "@building-vitals/core/store/segment-key";
import { SeriesBuilder } from "@building-vitals/core/store/stored-series";
import { z } from "zod";
import { STORAGE_FOLDER } from "../storage-folder.ts";
import type { Report } from "./report.ts";
import type { SeriesSamples, SampleSource, PointRow } from "./sample-source.ts";

const MIGRATIONS = fileURLToPath(new URL("../../../../migrations", import.meta.url));

/** A row of `points` with its site's name. */
const pointSchema = z.object({
  site_name: z.string(),
  point_name: z.string(),
  unit: z.string().nullable(),
  label: z.string().nullable(),
  tags: z.string(),
  source: z.string(),
  configured: z.int().transform((flag) => flag !== 0),
  interval_s: z.int().nullable(),
  first_seen: z.int().nullable(),
  last_seen: z.int().nullable(),
});

const READ_POINTS = `
SELECT s.name AS site_name, p.name AS point_name, p.unit, p.label, p.tags, p.source, p.configured, p.interval_s, p.first_seen,
  p.last_seen
FROM points p JOIN sites s ON s.id = p.site_id`;

/**
 * The body of a damaged row is NULL. `->` and JSONB keep the text of numbers, so doubles return bit for bit. Segments
 * of a block and day are adjacent.
 */
const READ_SEGMENTS = `
SELECT g.key, g.asked, CASE WHEN json_valid(g.body, 8) THEN json(g.body) END AS body, f.asked AS file_asked
FROM segments g
LEFT JOIN day_files f ON f.day = ${dayOfSegmentSql("g.key")}
  AND f.site_id = (SELECT p.site_id FROM points p WHERE p.id >= ${firstPointSql("g.key")} ORDER BY p.id LIMIT 1)
WHERE f.settled_stamp IS NULL OR ${stampOfSegmentSql("g.key")} > f.settled_stamp
ORDER BY g.key`;

const READ_NAMES = `
SELECT p.id, s.name AS site, p.name AS point FROM points p JOIN sites s ON s.id = p.site_id`;

const READ_FILES = `
SELECT key, etag FROM day_files WHERE state = 'written' AND key IS NOT NULL`;

const segmentSchema = z.object({
  key: z.int(),
  asked: z.int(),
  body: z.string().nullable(),
  file_asked: z.string().nullable(),
});
const nameSchema = z.object({ id: z.int(), site: z.string(), point: z.string() });
const fileSchema = z.object({ key: z.string(), etag: z.string() });
const objectSchema = z.object({ blob_id: z.string().nullable(), etag: z.string() });
const versionSchema = z.object({ version: z.int() });

/** The stored state of a local run. Read-only, so it also works beside a run that writes. */
export class LocalState implements SampleSource {
  readonly #databases: readonly DatabaseSync[];
  /** each bucket's metadata, and the folder with its objects' bytes */
  readonly #buckets: readonly { readonly objects: DatabaseSync; readonly blobs: string }[];

  readonly #report: Report;

  private constructor(folder: string, databases: readonly DatabaseSync[], report: Report) {
    this.#report = report;
    this.#databases = databases;
    const r2 = join(folder, "r2");
    const metadata = sqliteFiles(join(r2, "miniflare-R2BucketObject")).filter((file) => hasTable(file, "_mf_objects"));
    const names = existsSync(r2) ? readdirSync(r2) : [];
    const blobs = names.map((name) => join(r2, name, "blobs")).filter((path) => existsSync(path));
    this.#buckets = metadata.flatMap((objects) => blobs.map((path) => ({ objects, blobs: path })));
  }

  /** @throws Error if the folder has no database, or one with another schema version */
  static open(stateDir: string, report: Report): LocalState {
    const folder = join(stateDir, STORAGE_FOLDER);
    const databases = sqliteFiles(join(folder, "d1", "miniflare-D1DatabaseObject")).filter((file) =>
      hasTable(file, "segments"),
    );
    if (databases.length === 0) {
      throw new Error(
        `${stateDir} has no database of a local run. npm start makes one; STATE_DIR names another folder.`,
      );
    }
    const wanted = Math.max(...readdirSync(MIGRATIONS).map((name) => Number.parseInt(name, 10)));
    for (const database of databases) {
      const { version } = versionSchema.parse(database.prepare("SELECT version FROM schema_version").get());
      if (version === wanted) continue;
      const found = `${stateDir}: the database has schema version ${version}, this checkout reads ${wanted}.`;
      throw new Error(`${found} npm start migrates an older one.`);
    }
    return new LocalState(folder, databases, report);
  }

  points(): PointRow[] {
    return this.#databases.flatMap((database) => z.array(pointSchema).parse(database.prepare(READ_POINTS).all()));
  }

  /** Damaged segments are reported, and left out. */
  *hotSamples(): Generator<SeriesSamples> {
    for (const database of this.#databases) {
      const names = new Map(
        z
          .array(nameSchema)
          .parse(database.prepare(READ_NAMES).all())
          .map((name) => [name.id, name]),
      );
      for (const { asked, series } of blockDays(database, this.#report)) {
        for (const [id, builder] of series) {
          const name = names.get(id);
          // Deleted during this read.
          if (name === undefined) continue;
          const { times, values, asked: askedFor } = builder.finish();
          const replaces = Array.from(times, (time, i) => askedFor[i]! > askedAt({ asked }, time));
          yield { site: name.site, point: name.point, times: [...times], values: [...values], replaces };
        }
      }
    }
  }

  /** Files that are not the published object are reported, and left out. */
  dayFiles(): string[] {
    const paths: string[] = [];
    for (const database of this.#databases) {
      for (const { key, etag } of z.array(fileSchema).parse(database.prepare(READ_FILES).all())) {
        const path = this.#pathOf(key, etag);
        if (path !== null) paths.push(path);
        else this.#report.note(`${key} is left out: the object is not the one that was published.`);
      }
    }
    return paths;
  }

  #pathOf(key: string, etag: string): string | null {
    for (const { objects, blobs } of this.#buckets) {
      const row = objects.prepare("SELECT blob_id, etag FROM _mf_objects WHERE key = ?").get(key);
      const object = objectSchema.safeParse(row).data;
      if (object === undefined || object.blob_id === null || object.etag !== etag) continue;
      const path = join(blobs, object.blob_id);
      if (existsSync(path)) return path;
    }
    return null;
  }

  close(): void {
    for (const database of this.#databases) database.close();
    for (const objects of new Set(this.#buckets.map((bucket) => bucket.objects))) objects.close();
  }
}

/** The hot samples of a block and UTC day. */
interface BlockDay {
  /** when the day file's samples of each hour were requested, epoch ms */
  readonly asked: readonly number[];
  /** by point id */
  readonly series: ReadonlyMap<number, SeriesBuilder>;
}

function* blockDays(database: DatabaseSync, report: Report): Generator<BlockDay> {
  let place = "";
  let asked: readonly number[] = [];
  let series = new Map<number, SeriesBuilder>();
  for (const row of database.prepare(READ_SEGMENTS).iterate()) {
    const segment = segmentSchema.parse(row);
    const { block, day } = placeOfKey(segment.key);
    if (place !== `${block} ${day}`) {
      yield { asked, series };
      [place, asked, series] = [`${block} ${day}`, parseAsked(segment.file_asked), new Map()];
    }
    for (const { pointId, offsets, values } of partsOf(segment, report)) {
      let builder = series.get(pointId);
      if (builder === undefined) series.set(pointId, (builder = new SeriesBuilder()));
      for (const [i, offset] of offsets.entries()) builder.add(dayStart(day) + offset, values[i]!, segment.asked);
    }
  }
  yield { asked, series };
}

function partsOf({ key, body }: z.infer<typeof segmentSchema>, report: Report): PointPart[] {
  try {
    return decodeBody(key, body);
  } catch (error) {
    if (!(error instanceof StoredRowError)) throw error;
    report.note(`${dayText(placeOfKey(key).day)}: ${error.message}. Its samples are left out.`);
    return [];
  }
}

function sqliteFiles(folder: string): DatabaseSync[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith(".sqlite"));
  return names.map((name) => new DatabaseSync(join(folder, name), { readOnly: true }));
}

/** Closes the database if it lacks the table. */
function hasTable(database: DatabaseSync, table: string): boolean {
  const found = database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(table);
  if (found === undefined) database.close();
  return found !== undefined;
}
