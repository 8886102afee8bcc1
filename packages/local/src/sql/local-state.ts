import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DatabaseSync } from "node:sqlite";
import { decodeSamples } from "@building-vitals/core/hot/hour-row";
import { hourOfKey, pointOfKey } from "@building-vitals/core/hot/row-key";
import { z } from "zod";
import { STORAGE_FOLDER } from "../storage-folder.ts";
import type { Report } from "./report.ts";
import type { PointSamples, SampleSource, StoredPoint } from "./sample-source.ts";

const MIGRATIONS = fileURLToPath(new URL("../../../../migrations", import.meta.url));

/** A row of `points`, with the name of its site. */
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

const READ_HOT = `
SELECT s.name AS site, p.name AS point, h.hour_point AS key, h.samples
FROM sample_hours h JOIN points p ON p.id = h.hour_point & 1048575 JOIN sites s ON s.id = p.site_id`;

const READ_FILES = `
SELECT key, etag FROM day_files WHERE state = 'written' AND key IS NOT NULL`;

const hotSchema = z.object({ site: z.string(), point: z.string(), key: z.int(), samples: z.string() });
const fileSchema = z.object({ key: z.string(), etag: z.string() });
const objectSchema = z.object({ blob_id: z.string().nullable(), etag: z.string() });
const versionSchema = z.object({ version: z.int() });

/** What a local run has stored under its STATE_DIR. Reads only, also beside a run that writes. */
export class LocalState implements SampleSource {
  readonly #databases: readonly DatabaseSync[];
  /** of the buckets, each with the folder of its objects' bytes */
  readonly #buckets: readonly { readonly objects: DatabaseSync; readonly blobs: string }[];

  readonly #report: Report;

  private constructor(folder: string, databases: readonly DatabaseSync[], report: Report) {
    this.#report = report;
    this.#databases = databases;
    const r2 = join(folder, "r2");
    const metadata = sqliteFiles(join(r2, "miniflare-R2BucketObject")).filter((one) => hasTable(one, "_mf_objects"));
    const names = existsSync(r2) ? readdirSync(r2) : [];
    const blobs = names.map((name) => join(r2, name, "blobs")).filter((path) => existsSync(path));
    this.#buckets = metadata.flatMap((objects) => blobs.map((path) => ({ objects, blobs: path })));
  }

  /** @throws Error where nothing is stored there, or by a checkout with another schema */
  static open(stateDir: string, report: Report): LocalState {
    const folder = join(stateDir, STORAGE_FOLDER);
    const databases = sqliteFiles(join(folder, "d1", "miniflare-D1DatabaseObject")).filter((one) =>
      hasTable(one, "sample_hours"),
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

  points(): StoredPoint[] {
    return this.#databases.flatMap((database) => z.array(pointSchema).parse(database.prepare(READ_POINTS).all()));
  }

  /** @throws {StoredRowError} where a row is not what we write */
  *hotSamples(): Generator<PointSamples> {
    for (const database of this.#databases) {
      for (const row of database.prepare(READ_HOT).iterate()) {
        const { site, point, key, samples } = hotSchema.parse(row);
        const hour = hourOfKey(key);
        const { offsets, values } = decodeSamples(hour, pointOfKey(key), samples);
        yield { site, point, times: Array.from(offsets, (offset) => hour + offset), values: [...values] };
      }
    }
  }

  /** Reports keys whose object is not the one that was published, and leaves them out. */
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

function sqliteFiles(folder: string): DatabaseSync[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith(".sqlite"));
  return names.map((name) => new DatabaseSync(join(folder, name), { readOnly: true }));
}

/** Closes the database where it has no such table. */
function hasTable(database: DatabaseSync, table: string): boolean {
  const found = database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(table);
  if (found === undefined) database.close();
  return found !== undefined;
}
