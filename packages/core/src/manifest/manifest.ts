import { z } from "zod";
import { isInt, isText, oneOf, orNull, rowsOf } from "../d1/checked-rows.ts";
import { withD1Retry } from "../d1/retry.ts";
import { parseAsked } from "./asked-hours.ts";
import { DAY_FILE_SOURCES } from "../parquet/file-schema.ts";
import { KEPT_ID } from "../store/kept-groups.ts";

/**
 * What a day is. `written`: its file is whole; `confirmed-empty`: the upstream proved that it has no samples;
 * `suspect`: the object is not the one that was written; `failed`: no build has succeeded yet; `deleted`: an operator deleted it.
 */
export const DAY_STATES = ["written", "confirmed-empty", "suspect", "failed", "deleted"] as const;
export type DayState = (typeof DAY_STATES)[number];

/** The object that a day's row stands for. */
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

/** A row of `day_files`, which write-manifest.ts writes. A day without a row was never built. */
export interface ManifestDay {
  readonly siteId: number;
  /** whole days since 1970-01-01 UTC */
  readonly day: number;
  readonly state: DayState;
  /** null: there is none */
  readonly file: ManifestFile | null;
  /** `api`: the upstream proved at some time to have served the whole day; null: nothing was published yet */
  readonly source: (typeof DAY_FILE_SOURCES)[number] | null;
  readonly build: string | null;
  /** grows along the chain of objects that took one another's place; 0 before the first */
  readonly generation: number;
  /** contents that a build is about to put in the object's place: SHA-256 to generation */
  readonly pending: ReadonlyMap<string, number>;
  /** why it is suspect, or why the last build failed, or {@link FILE_IS_LEFT}; null: none of these */
  readonly reason: string | null;
  /** segments with stamps up to this one are in the file; 0: none */
  readonly settledStamp: number;
  /** of each hour when the file's samples were asked for last, epoch ms; 0: never, or it is not known */
  readonly asked: readonly number[];
  /** epoch ms */
  readonly updatedAt: number;
  /** when its samples were deleted, and no backfill built it since, epoch ms; null: never. The API is not to be asked for them. */
  readonly deletedAt: number | null;
  /** of the file in `kept_files`; null: D1 does not keep its row groups */
  readonly keptId: number | null;
}

/** What tells a day's state from any other; a fifth of its row. */
export interface DayOutline extends Pick<ManifestDay, "day" | "state" | "build" | "generation" | "updatedAt"> {
  readonly file: Pick<ManifestFile, "etag"> | null;
}

/** The columns of {@link parseDayOutlines}, in a query of `day_files`. */
export const OUTLINE_COLUMNS = "day, state, etag, build, generation, updated_at";
/** The columns of {@link parseManifestDays}. */
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
  // of nearly all days
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
    // Few of a year's days are asked for it.
    get asked() {
      return (asked ??= parseAsked(row.asked));
    },
  };
}

/** Reads the rows of a query that selects {@link OUTLINE_COLUMNS}. @throws {Error} where one is not ours */
export function parseDayOutlines(results: unknown): DayOutline[] {
  return outlineRows(results).map(({ day, state, etag, build, generation, updated_at: updatedAt }) => {
    return { day, state, build, generation, updatedAt, file: etag === null ? null : { etag } };
  });
}

/** Reads the rows of a query that selects {@link MANIFEST_COLUMNS}. @throws {Error} where one is not ours */
export function parseManifestDays(results: unknown): ManifestDay[] {
  return manifestRows(results).map(manifestDayOf);
}

/** A site's days in [from, to), ascending, as whole days since 1970. */
export function manifestStatement(db: D1Database, siteId: number, from: number, to: number): D1PreparedStatement {
  return db
    .prepare(`SELECT ${MANIFEST_COLUMNS} FROM day_files WHERE site_id = ?1 AND day >= ?2 AND day < ?3 ORDER BY day`)
    .bind(siteId, from, to);
}

/** A site's days in [from, to) that were ever built, ascending. */
export async function readManifest(db: D1Database, siteId: number, from: number, to: number): Promise<ManifestDay[]> {
  const { results } = await withD1Retry(() => manifestStatement(db, siteId, from, to).all());
  return parseManifestDays(results);
}

/** null: the day was never built. */
export async function readManifestDay(db: D1Database, siteId: number, day: number): Promise<ManifestDay | null> {
  return (await readManifest(db, siteId, day, day + 1))[0] ?? null;
}

/** The reason of a deleted day whose file is perhaps still in R2. */
export const FILE_IS_LEFT = "the day is deleted, its file is not yet: delete it again";

/** An object's metadata as {@link objectStanding} needs it. */
export interface StandingObject {
  readonly etag: string;
  readonly customMetadata?: Record<string, string>;
}

/**
 * What an object is to the manifest. `published`: the row's own, its locators hold. `pending`: a build has put it there
 * and its row is about to follow; all that the row's file held is in it, to be read by the footer. `foreign`: somebody
 * else put it there; it is no data.
 */
export type ObjectStanding = "published" | "pending" | "foreign";

export function objectStanding(row: ManifestDay | null, object: StandingObject): ObjectStanding {
  if (row?.file?.etag === object.etag) return "published";
  const sha256 = object.customMetadata?.["sha256"];
  return sha256 !== undefined && row?.pending.has(sha256) === true ? "pending" : "foreign";
}

const GENERATION = /^[1-9]\d{0,9}$/;

/** The generation that an object was put with; null: none that we write. */
export function generationOf({ customMetadata }: Pick<StandingObject, "customMetadata">): number | null {
  const text = customMetadata?.["generation"] ?? "";
  return GENERATION.test(text) ? Number(text) : null;
}

/**
 * Whether an object is older than the deletion of its day, which broke off before it deleted the object. Only a deletion leaves a
 * generation without a file.
 */
export function isLeftOfDeletion(row: ManifestDay | null, object: StandingObject): boolean {
  if (row === null || row.file !== null || objectStanding(row, object) !== "foreign") return false;
  return (generationOf(object) ?? row.generation) < row.generation;
}
