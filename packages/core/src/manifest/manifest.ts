import { z } from "zod";
import { isInt, isText, oneOf, orNull, rowsOf } from "../d1/checked-rows.ts";
import { withD1Retry } from "../d1/retry.ts";
import { parseAsked } from "./asked-hours.ts";
import { DAY_FILE_SOURCES } from "../parquet/file-schema.ts";
import { KEPT_ID } from "../store/kept-groups.ts";

/**
 * States of a day:
 * - `written`: its file is intact
 * - `confirmed-empty`: the upstream proved that the day has no samples
 * - `suspect`: the object in R2 is not the one that was written
 * - `failed`: no build has succeeded yet
 * - `deleted`: an operator deleted its samples
 */
export const DAY_STATES = ["written", "confirmed-empty", "suspect", "failed", "deleted"] as const;
export type DayState = (typeof DAY_STATES)[number];

/** The R2 object of a day's row. */
export interface ManifestFile {
  /** R2 key */
  readonly key: string;
  readonly etag: string;
  /** of the whole object, lower-case hexadecimal */
  readonly sha256: string;
  readonly bytes: number;
  readonly rows: number;
  readonly points: number;
}

/** A row of `day_files`; write-manifest.ts writes it. A day that was never built has no row. */
export interface ManifestDay {
  readonly siteId: number;
  /** whole days since 1970-01-01 UTC */
  readonly day: number;
  readonly state: DayState;
  /** null: the day has no file */
  readonly file: ManifestFile | null;
  /** `api`: the upstream once proved that it had served the whole day; null: nothing is published yet */
  readonly source: (typeof DAY_FILE_SOURCES)[number] | null;
  readonly build: string | null;
  /** grows with each object that replaces the day's file; 0 before the first */
  readonly generation: number;
  /** SHA-256 to generation, of objects that builds are about to put in place of the file */
  readonly pending: ReadonlyMap<string, number>;
  /** why the day is suspect, why the last build failed, or {@link FILE_IS_LEFT}; null: no such reason */
  readonly reason: string | null;
  /** the file contains the segments with stamps up to this one; 0: no segment */
  readonly settledStamp: number;
  /** when the samples of each hour were last requested from the upstream, epoch ms; 0: never, or unknown */
  readonly asked: readonly number[];
  /** epoch ms */
  readonly updatedAt: number;
  /**
   * when an operator deleted its samples, epoch ms; null: never, or a backfill has built the day since. The API must
   * not be asked for deleted samples.
   */
  readonly deletedAt: number | null;
  /** id of the file in `kept_files`; null: D1 does not keep its row groups */
  readonly keptId: number | null;
}

/** The columns that change with a day's state; a fifth of its row. */
export interface DayOutline extends Pick<ManifestDay, "day" | "state" | "build" | "generation" | "updatedAt"> {
  readonly file: Pick<ManifestFile, "etag"> | null;
}

/** The columns that {@link parseDayOutlines} expects from `day_files`. */
export const OUTLINE_COLUMNS = "day, state, etag, build, generation, updated_at";
/** The columns that {@link parseManifestDays} expects. */
export const MANIFEST_COLUMNS = `site_id, day, state, key, etag, sha256, bytes, rows, points, source, build, generation, pending, reason, settled_stamp,
  updated_at, deleted_at, asked, ${KEPT_ID}`;

const outlineRows = rowsOf("day_files", {
  day: isInt,
  state: oneOf(DAY_STATES),
  etag: orNull(isText),
  build: orNull(isText),
  generation: isInt,
  updated_at: isInt,
});
const manifestRows = rowsOf("day_files", {
  site_id: isInt,
  day: isInt,
  state: oneOf(DAY_STATES),
  key: orNull(isText),
  etag: orNull(isText),
  sha256: orNull(isText),
  bytes: orNull(isInt),
  rows: orNull(isInt),
  points: orNull(isInt),
  source: orNull(oneOf(DAY_FILE_SOURCES)),
  build: orNull(isText),
  generation: isInt,
  pending: isText,
  reason: orNull(isText),
  settled_stamp: isInt,
  updated_at: isInt,
  deleted_at: orNull(isInt),
  kept_id: orNull(isInt),
  asked: orNull(isText),
});
const pendingSchema = z.record(z.string(), z.int());

function parsePending(json: string): ReadonlyMap<string, number> {
  // true of nearly all days
  return json === "{}" ? NOTHING_PENDING : new Map(Object.entries(pendingSchema.parse(JSON.parse(json))));
}

const NOTHING_PENDING: ReadonlyMap<string, number> = new Map();

function manifestDayOf(row: ReturnType<typeof manifestRows>[number]): ManifestDay {
  const { key, etag, sha256, bytes, rows, points } = row;
  const isWhole =
    key !== null && etag !== null && sha256 !== null && bytes !== null && rows !== null && points !== null;
  let asked: readonly number[] | undefined;
  return {
    siteId: row.site_id,
    day: row.day,
    state: row.state,
    file: isWhole ? { key, etag, sha256, bytes, rows, points } : null,
    source: row.source,
    build: row.build,
    generation: row.generation,
    pending: parsePending(row.pending),
    reason: row.reason,
    settledStamp: row.settled_stamp,
    updatedAt: row.updated_at,
    deletedAt: row.deleted_at,
    keptId: row.kept_id,
    // Parsed on first use: few of a year's days need it.
    get asked() {
      return (asked ??= parseAsked(row.asked));
    },
  };
}

/** Reads the rows of a query that selects {@link OUTLINE_COLUMNS}. @throws {Error} if a row is invalid */
export function parseDayOutlines(results: unknown): DayOutline[] {
  return outlineRows(results).map(({ day, state, etag, build, generation, updated_at: updatedAt }) => {
    return { day, state, build, generation, updatedAt, file: etag === null ? null : { etag } };
  });
}

/** Reads the rows of a query that selects {@link MANIFEST_COLUMNS}. @throws {Error} if a row is invalid */
export function parseManifestDays(results: unknown): ManifestDay[] {
  return manifestRows(results).map(manifestDayOf);
}

/** A site's days in [from, to), ascending. Days are whole days since 1970-01-01 UTC. */
export function manifestStatement(db: D1Database, siteId: number, from: number, to: number): D1PreparedStatement {
  return db
    .prepare(`SELECT ${MANIFEST_COLUMNS} FROM day_files WHERE site_id = ?1 AND day >= ?2 AND day < ?3 ORDER BY day`)
    .bind(siteId, from, to);
}

/** A site's days in [from, to) that have a row, ascending. */
export async function readManifest(db: D1Database, siteId: number, from: number, to: number): Promise<ManifestDay[]> {
  const { results } = await withD1Retry(() => manifestStatement(db, siteId, from, to).all());
  return parseManifestDays(results);
}

/** null: the day was never built. */
export async function readManifestDay(db: D1Database, siteId: number, day: number): Promise<ManifestDay | null> {
  return (await readManifest(db, siteId, day, day + 1))[0] ?? null;
}

/** The reason of a deleted day whose file may still be in R2. */
export const FILE_IS_LEFT = "the day is deleted, but its file may still be in R2: delete the day again";

/** The metadata of an object that {@link objectStanding} needs. */
export interface StandingObject {
  readonly etag: string;
  readonly customMetadata?: Record<string, string>;
}

/**
 * How an object in R2 relates to the manifest:
 * - `published`: it is the row's file, so the row's locators are valid
 * - `pending`: a build has put it and is about to update the row. It contains all samples of the row's file; read it by
 * its footer.
 * - `foreign`: no build of ours put it. It must not be read.
 */
export type ObjectStanding = "published" | "pending" | "foreign";

export function objectStanding(row: ManifestDay | null, object: StandingObject): ObjectStanding {
  if (row?.file?.etag === object.etag) return "published";
  const sha256 = object.customMetadata?.["sha256"];
  return sha256 !== undefined && row?.pending.has(sha256) === true ? "pending" : "foreign";
}

const GENERATION = /^[1-9]\d{0,9}$/;

/** The generation in an object's metadata; null: absent or invalid. */
export function generationOf({ customMetadata }: Pick<StandingObject, "customMetadata">): number | null {
  const text = customMetadata?.["generation"] ?? "";
  return GENERATION.test(text) ? Number(text) : null;
}

/**
 * Whether an object is older than the deletion of its day: the deletion stopped before it deleted the object. Only a
 * deletion leaves a row with a generation and no file.
 */
export function isLeftOfDeletion(row: ManifestDay | null, object: StandingObject): boolean {
  if (row === null || row.file !== null || objectStanding(row, object) !== "foreign") return false;
  return (generationOf(object) ?? row.generation) < row.generation;
}
