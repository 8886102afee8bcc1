import type { DayFileSource } from "../parquet/file-schema.ts";
import type { ManifestFile } from "./manifest.ts";

/**
 * A day that is merged and verified, and waits to be published. Plain data: it may cross to another machine. The file
 * and its rows of D1 are in staging.
 */
export interface StagedDay {
  readonly source: DayFileSource;
  /** R2 key of the day's file */
  readonly key: string;
  /** of the object that the file may replace; null: of none */
  readonly baseEtag: string | null;
  /** of the object in place while merging */
  readonly baseGeneration: number;
  readonly generation: number;
  /** null: the day has no samples, or is suspect. `etag` is set where the content is the one in place already. */
  readonly file: (Omit<ManifestFile, "key" | "etag"> & { readonly etag: string | null }) | null;
  /**
   * samples that the API's hours added to the segments and the present file, and those whose value they replaced; null: unknown, because
   * an unrecorded build may have published what the API has now
   */
  readonly found: number | null;
  /** segments with stamps up to this one are in the file */
  readonly settledStamp: number;
  /** left in the site's clock when that was read */
  readonly mark: string;
  /** of each hour when the file's samples were asked for last, epoch ms */
  readonly asked: readonly number[];
  /** size of the staged rows before compression */
  readonly rowsBytes: number;
  /** FORMULA_VERSION of what judged its points; undefined: they were not judged */
  readonly formula?: number | undefined;
  /** why the present file cannot be built upon; null: it can */
  readonly suspect: string | null;
  /** of the file that the manifest had while merging; null: none */
  readonly manifestEtag: string | null;
}
