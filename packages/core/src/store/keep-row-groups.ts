import { hexOf } from "../bytes/hex.ts";
import { extentBytes } from "../parquet/locator.ts";
import { jsonChunks, MAX_ASCII_CHARS } from "../d1/json-chunks.ts";
import { dayText } from "../domain/day.ts";
import { logError } from "../telemetry/log.ts";
import { readFooter } from "../parquet/footer.ts";
import { beginKeeping, endKeeping, keepGroups, type KeptContent, keptKey, MAX_KEPT_FILE_BYTES } from "./kept-groups.ts";
import { fetchRange, type RangeBucket } from "../r2/range-get.ts";
import { planRanges } from "../parquet/read-plan.ts";

/** Row groups of one transaction. */
const MAX_GROUPS_PER_STATEMENT = 500;

/** Largest row group that fits a statement as hexadecimal digits. */
const MAX_GROUP_BYTES = MAX_ASCII_CHARS / 2 - 64;

/** The object under the day's key. */
export interface FileInPlace {
  readonly key: string;
  readonly etag: string;
  readonly bytes: number;
}

/**
 * Copies the row groups of a day's file into D1 before the file is published. Safe to repeat and to interrupt. An error
 * is logged and costs time only, because readers then read the file.
 * @param now epoch ms
 */
export async function keepRowGroups(
  { db, bucket }: { readonly db: D1Database; readonly bucket: RangeBucket },
  content: KeptContent,
  file: FileInPlace,
  now: number,
): Promise<void> {
  try {
    await keepAll(db, bucket, content, file, now);
  } catch (error) {
    logError("groups_not_kept", error, { siteId: content.siteId, day: dayText(content.day) });
  }
}

async function keepAll(
  db: D1Database,
  bucket: RangeBucket,
  content: KeptContent,
  { key, etag, bytes: fileBytes }: FileInPlace,
  now: number,
): Promise<void> {
  if (fileBytes > MAX_KEPT_FILE_BYTES) return;
  const kept = await beginKeeping(db, content, now);
  if (kept === null || kept.isWhole) return;
  const cost = { requests: 0, bytes: 0 };
  const { groups } = await readFooter(bucket, { key, etag }, cost);
  // A row group that D1 cannot hold would cost each reader a request that its plan does not count.
  if (groups.some(({ group }) => extentBytes(group) > MAX_GROUP_BYTES)) return;
  const reads = groups.map(({ group }) => ({ group, points: null }));
  for (let first = 0; first < reads.length; first += MAX_GROUPS_PER_STATEMENT) {
    for (const range of planRanges(reads.slice(first, first + MAX_GROUPS_PER_STATEMENT))) {
      const { bytes, offset } = await fetchRange(bucket, key, etag, range, cost);
      const texts = jsonChunks(
        range.groups,
        ({ group }) => {
          const from = group.offset - offset;
          return `[${keptKey(kept.id, group.offset)},"${hexOf(bytes.subarray(from, from + extentBytes(group)))}"]`;
        },
        MAX_ASCII_CHARS,
      );
      for (const { json } of texts) await keepGroups(db, kept.id, json);
    }
  }
  await endKeeping(db, kept.id, now);
}
