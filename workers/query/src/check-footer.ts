import { DayFileCorrupt } from "@building-vitals/core/r2/file-error";
import { readFooter } from "@building-vitals/core/parquet/footer";
import type { ManifestFile } from "@building-vitals/core/manifest/manifest";
import type { RangeBucket } from "@building-vitals/core/r2/range-get";

/** How long a check holds for ranges of the same file. Readers of Parquet ask for about ten ranges in a row. */
const HOLDS_MS = 60_000;

/** Files that an isolate remembers as checked. */
const MOST_FILES = 500;

/** When this isolate last found the footer of a file good, epoch ms, by key and etag; ascending. */
const checkedAt = new Map<string, number>();

/**
 * Checks the size, the seal and the checksum of a file's footer, and that it counts as many rows as the manifest. Costs
 * one request to R2, or two where the footer is larger than 64 KB.
 * @param isRange whether a check of less than a minute ago is enough
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
  // Bytes can be damaged on their way, so a damaged footer is read twice.
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
