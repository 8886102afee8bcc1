import { dayText } from "../domain/day.ts";

/** One day of one site, and the build of it. */
export interface DayBuild {
  /** names the build in `staging/` and in `day_files`; two builds never share it, a build that is resumed keeps it */
  readonly build: string;
  readonly site: { readonly id: number; readonly name: string };
  /** whole days since 1970-01-01 UTC */
  readonly day: number;
}

interface StagedObject {
  readonly key: string;
  readonly uploaded: Date;
}

/** What is needed of an R2Bucket to remove objects. */
export interface ListingBucket {
  list(options: { prefix: string; cursor?: string }): Promise<{
    objects: StagedObject[];
    truncated: boolean;
    cursor?: string;
  }>;
  delete(keys: string[]): Promise<void>;
}

/** What the keys of all that builds keep begin with. */
export const STAGING = "staging/";

/** `staging/{build}/{site}/2025-10-12/`: all that a build keeps until its day is published. */
function stagingPrefix({ build, site, day }: DayBuild): string {
  return `${STAGING}${encodeURIComponent(build)}/${encodeURIComponent(site.name)}/${dayText(day)}/`;
}

/** The spill of an hour, 0 to 23. */
export function spillKey(of: DayBuild, hour: number): string {
  return stagingPrefix(of) + String(hour).padStart(2, "0");
}

/**
 * A day's segments by when they were asked for, beside the day's present file and the API's hours of the build: before both, between them, or
 * after both.
 */
export const SEGMENT_LAYERS = ["under", "between", "over"] as const;
export type SegmentLayer = (typeof SEGMENT_LAYERS)[number];

/** The samples of an hour that segments hold, of one layer. */
export function segmentSpillKey(of: DayBuild, hour: number, layer: SegmentLayer): string {
  return `${spillKey(of, hour)}-${layer}`;
}

/** The day file before it is put in its place. */
export function stagedFileKey(of: DayBuild): string {
  return `${stagingPrefix(of)}day.parquet`;
}

/** The rows of D1 that go with it. */
export function stagedRowsKey(of: DayBuild): string {
  return `${stagingPrefix(of)}rows`;
}

/** Removes whatever a build left in staging. Safe to repeat. */
export async function deleteStaging(bucket: ListingBucket, of: DayBuild): Promise<void> {
  await deleteStaged(bucket, stagingPrefix(of));
}

/** Removes all objects in staging whose keys begin so. Safe to repeat. */
export async function deleteStaged(bucket: ListingBucket, prefix: string): Promise<void> {
  await removeObjects(bucket, prefix, () => true);
}

/**
 * Removes what builds left in staging whose name begins so and of which that is wanted. Safe to repeat.
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
 * Removes what was staged before a time and never published: the litter of builds that died for good. A build that is
 * still alive then finds its spills missing, fails, and can be begun again: staging holds nothing that is not to be had
 * from where it came.
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
    // a list is at most 1,000 objects, and so is a delete
    const page = await bucket.list(cursor === undefined ? { prefix } : { prefix, cursor });
    const keys = page.objects.filter(isWanted).map((object) => object.key);
    if (keys.length > 0) await bucket.delete(keys);
    removed += keys.length;
    if (!page.truncated || page.cursor === undefined) return removed;
    cursor = page.cursor;
  }
}
