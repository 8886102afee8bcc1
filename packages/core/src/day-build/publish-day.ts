import { markSeenInFile } from "../catalog/seen.ts";
import { type FileRows, unpackFileRows } from "../manifest/file-rows.ts";
import { firstKeptDay } from "../store/kept-groups.ts";
import { keepRowGroups } from "../store/keep-row-groups.ts";
import { commitFile, commitEmpty } from "../manifest/commit-day.ts";
import { readManifestDay, type StandingObject } from "../manifest/manifest.ts";
import type { StagedDay } from "../manifest/staged-day.ts";
import { type DayBuild, deleteStaging, stagedFileKey, stagedRowsKey } from "../r2/staging.ts";
import { claimContent, markSuspect, noteLeft, noteRemoved } from "../manifest/write-manifest.ts";

export interface PublishContext {
  readonly db: D1Database;
  readonly bucket: R2Bucket;
  /** the setting HOT_DAYS: days whose row groups D1 keeps; 0: none */
  readonly hotDays: number;
  /** epoch ms */
  readonly now: () => number;
}

/** The result of publishing a day. */
export interface PublishedDay {
  readonly state: "written" | "confirmed-empty" | "suspect";
  /** samples of the day's file */
  readonly records: number;
  /** R2 key of the file; null: the day has no samples, or its file is suspect */
  readonly key: string | null;
  /** why the day is suspect; null: it is not */
  readonly reason: string | null;
}

/**
 * Publishes a staged day. Readers then ignore the segments that the file contains. Safe to repeat, and to run beside
 * other builds of the day: of builds with the same base only one is published.
 *
 * Readers are correct after each step:
 * 1. The row claims the content, so that readers will recognise the file.
 * 2. The file replaces exactly the object that the build started from.
 * 3. D1 keeps the row groups of a hot day.
 * 4. One transaction points the row at the file and replaces the points' rows.
 * 5. The points' first and last times are widened, several points per transaction.
 * 6. Staging is deleted.
 * @returns null if another build was published since the merge: merge again; staging stays for that
 * @throws the errors of D1 and R2
 */
export async function publishDay(
  context: PublishContext,
  build: DayBuild,
  staged: StagedDay,
): Promise<PublishedDay | null> {
  const { db, bucket, hotDays, now } = context;
  const { file, key, suspect: reason } = staged;
  let published: PublishedDay = { state: "written", records: file?.rows ?? 0, key, reason: null };
  const row = await readManifestDay(db, build.site.id, build.day);
  const version = { siteId: build.site.id, day: build.day, generation: staged.generation };
  if (reason !== null) {
    await markSuspect(db, { siteId: build.site.id, day: build.day, etag: staged.manifestEtag }, reason, now());
    published = { state: "suspect", records: 0, key: null, reason };
  } else if (file === null) {
    if (!(await commitEmpty(db, build, staged, now()))) return null;
    published = { ...published, state: "confirmed-empty", key: null };
  } else if (row?.build === build.build) {
    // An earlier attempt was committed. Staging is gone only if it also completed.
    const rows = await stagedRows(bucket, build, staged);
    if (rows !== null) await markSeenInFile(db, version, rows.seen);
  } else {
    const etag = file.etag ?? (await putInPlace(context, build, staged, file.sha256));
    if (etag === null) return null;
    const rows = await stagedRows(bucket, build, staged);
    if (rows === null) throw new Error(`${stagedRowsKey(build)} is gone`);
    if (build.day >= firstKeptDay(hotDays, now())) {
      const content = { ...version, sha256: file.sha256 };
      await keepRowGroups({ db, bucket }, content, { key, etag, bytes: file.bytes }, now());
    }
    if (!(await commitFile(db, build, { ...file, key, etag }, staged, rows, now()))) {
      await removeFromDeleted(context, build, key, etag);
      return null;
    }
    await markSeenInFile(db, version, rows.seen);
  }
  await deleteStaging(bucket, build);
  return published;
}

/** Deletes a file that was put after its day was deleted. Nothing else deletes it. */
async function removeFromDeleted({ db, bucket }: PublishContext, build: DayBuild, key: string, etag: string) {
  const row = await readManifestDay(db, build.site.id, build.day);
  if (row?.state !== "deleted" || row.pending.size > 0) return;
  if ((await bucket.head(key))?.etag !== etag) return;
  await noteLeft(db, build.site.id, build.day);
  await bucket.delete(key);
  await noteRemoved(db, build.site.id, build.day);
}

/** @returns null if staging is gone */
async function stagedRows(bucket: R2Bucket, build: DayBuild, { rowsBytes }: StagedDay): Promise<FileRows | null> {
  const packed = await bucket.get(stagedRowsKey(build));
  return packed === null ? null : unpackFileRows(new Uint8Array(await packed.arrayBuffer()), rowsBytes);
}

/** @returns the object's ETag; null if R2 has another object than the one that the build started from */
async function putInPlace(
  { db, bucket, now }: PublishContext,
  build: DayBuild,
  staged: StagedDay,
  sha256: string,
): Promise<string | null> {
  const { key, baseEtag, generation } = staged;
  // An earlier attempt may have put the file, even if its answer was lost.
  const isOurs = (object: StandingObject | null) =>
    object?.customMetadata?.["build"] === build.build && object.customMetadata["sha256"] === sha256;
  const before = await bucket.head(key);
  if (before !== null && isOurs(before)) return before.etag;
  if (!(await claimContent(db, build, sha256, staged, now()))) return null;
  const content = await bucket.get(stagedFileKey(build));
  if (content === null) throw new Error(`${stagedFileKey(build)} is gone`);
  const put = await bucket.put(key, content.body, {
    onlyIf: baseEtag === null ? { etagDoesNotMatch: "*" } : { etagMatches: baseEtag },
    // R2 checks the hash, so the object has the verified bytes.
    sha256,
    httpMetadata: { contentType: "application/vnd.apache.parquet" },
    customMetadata: {
      sha256,
      build: build.build,
      generation: String(generation),
      asked: JSON.stringify(staged.asked),
      // A rebuild raises the site's clock to this stamp.
      stamp: String(staged.settledStamp),
    },
  });
  if (put !== null) return put.etag;
  const after = await bucket.head(key);
  return after !== null && isOurs(after) ? after.etag : null;
}
