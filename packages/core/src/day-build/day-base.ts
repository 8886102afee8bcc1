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

/** What a build of a day starts from. */
export interface DayBase {
  /** R2 key of the day's file */
  readonly key: string;
  /** of the object in place, which the new file may replace and no other; null: there is none */
  readonly etag: string | null;
  /** its samples are the old level; null: there are none to go on from */
  readonly file: { readonly etag: string; readonly sha256: string; readonly source: DayFileSource | null } | null;
  /** of the object in place */
  readonly generation: number;
  /** of a file that takes its place */
  readonly nextGeneration: number;
  /** of each hour when the samples in `file` were asked for last, epoch ms */
  readonly asked: readonly number[];
  /** segments with stamps up to this one are in `file` */
  readonly settledStamp: number;
  /** left in the site's clock when that was read */
  readonly mark: string;
  /** why the day may not be built upon what is there; null: it may */
  readonly suspect: string | null;
  /** whether the object in place is older than the day's deletion: no build may take its place, for the deletion still deletes it */
  readonly isLeft: boolean;
  /** of the file that the manifest had then; null: none */
  readonly manifestEtag: string | null;
}

/** Builds that publish right now may be taken for somebody else once; one that really is somebody else's stays so. */
const LOOKS = 3;

/** What is needed of an R2Bucket to look at an object. */
export interface HeadBucket {
  head(key: string): Promise<StandingObject | null>;
}

/**
 * Finds what a build of a day starts from: the published file, or the one that a build put in its place and died before
 * it could say so.
 * @param replaceSuspect build anew over an object that is not what was written, without reading it
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
    // in this order: a build claims what it is about to put, so the row knows whatever was in place before
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
  // the row's own object may have been put back with its bytes alone, or been registered anew under a later one
  const own =
    trusted !== null && row?.file?.etag !== trusted.etag
      ? (generationSchema.parse(generation) ?? row?.generation ?? 0)
      : (row?.generation ?? 0);
  const isPublished = row?.file?.etag === object?.etag;
  return {
    key,
    etag: object?.etag ?? null,
    file: trusted !== null ? { etag: trusted.etag, sha256, source: row?.source ?? null } : null,
    generation: own,
    // above every claim too: no two files of a day share a generation, whichever of their builds lives on
    nextGeneration: Math.max(own, row?.generation ?? 0, ...(row?.pending.values() ?? [])) + 1,
    asked: isPublished && row !== null ? row.asked : parseAsked(trusted?.customMetadata?.["asked"]),
    // what the manifest says is in any file that was built upon its own
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
  return objectStanding(row, object) === "foreign" ? "its file was put there by somebody else" : null;
}
