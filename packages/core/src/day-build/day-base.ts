import { z } from "zod";
import { parseAsked } from "../manifest/asked-hours.ts";
import { dayFileKey } from "../r2/day-file-key.ts";
import type { DayFileSource } from "../parquet/file-schema.ts";
import { readMarked } from "../store/site-clock.ts";
import {
  isLeftOfDeletion,
  type ManifestDay,
  manifestStatement,
  objectStanding,
  parseManifestDays,
  type StandingObject,
} from "../manifest/manifest.ts";
import type { DayBuild } from "../r2/staging.ts";

const generationSchema = z
  .string()
  .regex(/^[1-9]\d{0,9}$/)
  .transform(Number)
  .optional();

/** The state that a build of a day starts from. */
export interface DayBase {
  /** R2 key of the day's file */
  readonly key: string;
  /** ETag of the object in R2, the only one that the new file may replace; null: no object */
  readonly etag: string | null;
  /** the file whose samples the build keeps; null: no such file */
  readonly file: { readonly etag: string; readonly sha256: string; readonly source: DayFileSource | null } | null;
  /** generation of the object in R2 */
  readonly generation: number;
  /** generation of a file that replaces it */
  readonly nextGeneration: number;
  /** when the samples of each hour of `file` were last requested, epoch ms */
  readonly asked: readonly number[];
  /** `file` contains the segments with stamps up to this one */
  readonly settledStamp: number;
  /** value of the site's clock when it was read */
  readonly mark: string;
  /** why the build must not use the object in R2; null: it may */
  readonly suspect: string | null;
  /**
   * whether the object is older than the day's deletion; no build may replace it, because the deletion will still
   * delete it
   */
  readonly isLeft: boolean;
  /** ETag of the file in the manifest; null: no file */
  readonly manifestEtag: string | null;
}

/** Another build's object may look foreign while that build publishes. An object that stays foreign is. */
const LOOKS = 3;

/** The methods of R2Bucket that read an object's metadata. */
export interface HeadBucket {
  head(key: string): Promise<StandingObject | null>;
}

/**
 * Finds the base of a build of a day: the published file, or a file that a build put before it stopped.
 * @param replaceSuspect replace an object that is not the one that was written, without reading it
 */
export async function findBase(
  context: { readonly db: D1Database; readonly bucket: HeadBucket },
  build: DayBuild,
  replaceSuspect: boolean,
): Promise<DayBase> {
  const key = dayFileKey(build.site.name, build.day);
  let mark = "";
  let row: ManifestDay | null = null;
  let object: StandingObject | null = null;
  let suspect: string | null = null;
  for (let looks = 0; looks < LOOKS; looks++) {
    // R2 before D1: a build claims content before the put, so the row knows every earlier object.
    object = await context.bucket.head(key);
    const present = manifestStatement(context.db, build.site.id, build.day, build.day + 1);
    const read = await readMarked(context.db, build.site.id, [present]);
    mark = read.mark;
    row = parseManifestDays(read.results[0]?.results)[0] ?? null;
    suspect = suspicionOf(row, object);
    if (suspect === null) break;
  }
  const sha256 = (row?.file?.etag === object?.etag ? row?.file?.sha256 : object?.customMetadata?.["sha256"]) ?? "";
  const generation = object?.customMetadata?.["generation"];
  const isLeft = suspect === null && object !== null && isLeftOfDeletion(row, object);
  const trusted = suspect === null && !isLeft ? object : null;
  // The row's object may have been put back without its metadata, or been rebuilt under a later generation.
  const baseGeneration =
    trusted !== null && row?.file?.etag !== trusted.etag
      ? (generationSchema.parse(generation) ?? row?.generation ?? 0)
      : (row?.generation ?? 0);
  const isPublished = row?.file?.etag === object?.etag;
  return {
    key,
    etag: object?.etag ?? null,
    file: trusted !== null ? { etag: trusted.etag, sha256, source: row?.source ?? null } : null,
    generation: baseGeneration,
    // Above every claim too, so that no two files of a day share a generation.
    nextGeneration: Math.max(baseGeneration, row?.generation ?? 0, ...(row?.pending.values() ?? [])) + 1,
    asked: isPublished && row !== null ? row.asked : parseAsked(trusted?.customMetadata?.["asked"]),
    // Every file that was built upon the manifest's file contains the same segments.
    settledStamp: trusted === null ? 0 : (row?.settledStamp ?? 0),
    mark,
    suspect: replaceSuspect ? null : suspect,
    isLeft: isLeft && !replaceSuspect,
    manifestEtag: row?.file?.etag ?? null,
  };
}

function suspicionOf(row: ManifestDay | null, object: StandingObject | null): string | null {
  if (row?.state === "suspect") return row.reason ?? "the day was found suspect";
  if (object === null) return row?.file ? "its file is gone" : null;
  if (isLeftOfDeletion(row, object)) return null;
  return objectStanding(row, object) === "foreign" ? "its object in R2 is not one that a build wrote" : null;
}
