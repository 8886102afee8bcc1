import { dayText } from "../domain/day.ts";

/** A build of one day of one site. */
export interface DayBuild {
  /** names the build in `staging/` and in `day_files`; builds never share it, and a resumed build keeps it */
  readonly build: string;
  readonly site: { readonly id: number; readonly name: string };
  /** whole days since 1970-01-01 UTC */
  readonly day: number;
}

interface StagedObject {
  readonly key: string;
  readonly uploaded: Date;
}

/** The part of R2Bucket that removes objects. */
export interface ListingBucket {
  list(options: { prefix: string; cursor?: string }): Promise<{
    objects: StagedObject[];
    truncated: boolean;
    cursor?: string;
  }>;
  delete(keys: string[]): Promise<void>;
}

/** Prefix of the keys of all builds. */
export const STAGING = "staging/";

/** `staging/{build}/{site}/2025-10-12/`: what a build keeps until it publishes the day. */
function stagingPrefix({ build, site, day }: DayBuild): string {
  return `${STAGING}${encodeURIComponent(build)}/${encodeURIComponent(site.name)}/${dayText(day)}/`;
}

/** Key of the spill of an hour, 0 to 23. */
export function spillKey(build: DayBuild, hour: number): string {
  return stagingPrefix(build) + String(hour).padStart(2, "0");
}

/**
 * Layers of a day's segments by the time of their request: older than both the present file and the API's hours of the
 * build ("under"), between them, or newer than both ("over").
 */
export const SEGMENT_LAYERS = ["under", "between", "over"] as const;
export type SegmentLayer = (typeof SEGMENT_LAYERS)[number];

/** Key of the samples of an hour in segments of one layer. */
export function segmentSpillKey(build: DayBuild, hour: number, layer: SegmentLayer): string {
  return `${spillKey(build, hour)}-${layer}`;
}

/** Key of the finished day file before it is published. */
export function stagedFileKey(build: DayBuild): string {
  return `${stagingPrefix(build)}day.parquet`;
}

/** Key of the D1 rows that are published with it. */
export function stagedRowsKey(build: DayBuild): string {
  return `${stagingPrefix(build)}rows`;
}

/** Removes all objects of a build in staging. Safe to repeat. */
export async function deleteStaging(bucket: ListingBucket, build: DayBuild): Promise<void> {
  await deleteStaged(bucket, stagingPrefix(build));
}

/** Removes all objects in staging with a prefix. Safe to repeat. */
export async function deleteStaged(bucket: ListingBucket, prefix: string): Promise<void> {
  await removeObjects(bucket, prefix, () => true);
}

/**
 * Removes staged objects of the builds with this prefix that `isWanted` selects. Safe to repeat.
 * @param prefix of characters that are not percent-encoded
 */
export async function deleteBuilds(
  bucket: ListingBucket,
  prefix: string,
  isWanted: (build: string) => boolean,
): Promise<void> {
  const start = STAGING + encodeURIComponent(prefix);
  await removeObjects(bucket, start, ({ key }) =>
    isWanted(key.slice(STAGING.length, key.indexOf("/", STAGING.length))),
  );
}

/**
 * Removes objects that were staged before a time and never published: the rest of builds that failed for good. A build
 * that is still running then fails because its spills are missing, and starts again: staging holds only copies.
 * @param before epoch ms
 * @returns objects removed
 */
export async function sweepStaging(bucket: ListingBucket, before: number): Promise<number> {
  return removeObjects(bucket, STAGING, ({ uploaded }) => uploaded.getTime() < before);
}

async function removeObjects(
  bucket: ListingBucket,
  prefix: string,
  isWanted: (object: StagedObject) => boolean,
): Promise<number> {
  let removed = 0;
  for (let cursor: string | undefined; ;) {
    // R2 lists at most 1,000 objects, and deletes as many at once.
    const page = await bucket.list(cursor === undefined ? { prefix } : { prefix, cursor });
    const keys = page.objects.filter(isWanted).map((object) => object.key);
    if (keys.length > 0) await bucket.delete(keys);
    removed += keys.length;
    if (!page.truncated || page.cursor === undefined) return removed;
    cursor = page.cursor;
  }
}
