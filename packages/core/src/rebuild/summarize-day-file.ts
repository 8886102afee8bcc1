import { createHash } from "node:crypto";
import { hourAggregates } from "../rollups/hour-aggregates.ts";
import { encodeSlice } from "../rollups/hour-slice.ts";
import { DayFileChanged, DayFileCorrupt } from "../r2/file-error.ts";
import { scanRowGroups } from "../parquet/file-reader.ts";
import type { DayFileSource } from "../parquet/file-schema.ts";
import { readFooter } from "../parquet/footer.ts";
import type { FilePoint } from "../manifest/file-rows.ts";
import { fetchRange, type RangeBucket } from "../r2/range-get.ts";

/** Bytes per request when hashing a file. */
const HASH_RANGE_BYTES = 4 * 1024 * 1024;

/** D1's rows of a day file, computed from the file alone. */
export interface DayFileSummary {
  /** of the whole object, lower-case hexadecimal */
  readonly sha256: string;
  readonly source: DayFileSource;
  readonly rows: number;
  /** in the order of their names */
  readonly points: readonly (Omit<FilePoint, "pointId"> & { readonly name: string })[];
}

/**
 * Reads a file twice: once like a reader, with all checks, and once for its hash. Holds at most four megabytes of it,
 * and about 500 bytes per point.
 * @param file the object to read
 * @throws {DayFileMissing} {@link DayFileChanged} {@link DayFileCorrupt}; R2's errors
 */
export async function sumUpDayFile(
  bucket: RangeBucket,
  { key, etag, bytes }: { readonly key: string; readonly etag: string; readonly bytes: number },
): Promise<DayFileSummary> {
  const footer = await readFooter(bucket, { key, etag });
  if (footer.month !== undefined) throw new DayFileCorrupt(key, 0, "is a month file");
  const points: DayFileSummary["points"][number][] = [];
  for await (const { name, series, locator } of scanRowGroups(bucket, key, footer)) {
    const { times } = series;
    const slice = encodeSlice({ hours: hourAggregates(series, footer.day), locator });
    const place = { rows: times.length, slice };
    // the hourly cron judges the day
    points.push({ name, ...place, first: times[0]!, last: times.at(-1)!, quality: null });
  }
  const sha256 = await hashOf(bucket, key, etag, bytes);
  return { sha256, source: footer.source, rows: footer.rows, points };
}

async function hashOf(bucket: RangeBucket, key: string, etag: string, size: number): Promise<string> {
  const hash = createHash("sha256");
  for (let offset = 0; offset < size; offset += HASH_RANGE_BYTES) {
    const length = Math.min(HASH_RANGE_BYTES, size - offset);
    const range = await fetchRange(bucket, key, etag, { offset, length }, { requests: 0, bytes: 0 });
    if (range.size !== size) throw new DayFileChanged(key, etag, range.etag);
    hash.update(range.bytes);
  }
  return hash.digest("hex");
}
