import { DayFileCorrupt } from "@building-vitals/core/r2/file-error";
import { readFooter } from "@building-vitals/core/parquet/footer";
import type { ManifestFile } from "@building-vitals/core/manifest/manifest";
import type { RangeBucket } from "@building-vitals/core/r2/range-get";

/** How long a check is valid for range requests of the same file, ms. Parquet readers send about ten in a row. */
const HOLDS_MS = 60_000;

/** Files that an isolate remembers as checked. */
const MOST_FILES = 500;

/** Time of this isolate's last successful check, epoch ms, by key and etag; ascending. */
const checkedAt = new Map<string, number>();

/**
 * Checks the size, the seal and the checksum of a file's footer, and compares its row count with the manifest. Costs
 * one request to R2, or two if the footer is larger than 64 KB.
 * @param isRange accepts a check of the last minute
 * @param now epoch ms
 * @throws {DayFileMissing} {@link DayFileChanged} {@link DayFileCorrupt}; R2's errors
 */
export async function checkFooter(
  bucket: RangeBucket,
  file: ManifestFile,
  isRange: boolean,
  now: number,
): Promise<void> {
  const id = `${file.key} ${file.etag}`;
  if (isRange && now - (checkedAt.get(id) ?? Number.NEGATIVE_INFINITY) < HOLDS_MS) return;
  // Bytes can be damaged in transit, so a damaged footer is read twice.
  const footer = await readFooter(bucket, file).catch((error: unknown) => {
    if (error instanceof DayFileCorrupt) return readFooter(bucket, file);
    throw error;
  });
  if (footer.rows !== file.rows) {
    throw new DayFileCorrupt(file.key, 0, `the footer counts ${footer.rows} rows, the manifest ${file.rows}`);
  }
  checkedAt.delete(id);
  checkedAt.set(id, now);
  const [oldest] = checkedAt.keys();
  if (checkedAt.size > MOST_FILES && oldest !== undefined) checkedAt.delete(oldest);
}
