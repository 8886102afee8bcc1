import type { DayFileSource } from "../parquet/file-schema.ts";
import type { ManifestFile } from "./manifest.ts";

/**
 * A day that is merged, verified and ready to be published. Its file and its D1 rows are in staging. Plain data, so
 * that a Workflow can store it between steps.
 */
export interface StagedDay {
  readonly source: DayFileSource;
  /** R2 key of the day's file */
  readonly key: string;
  /** ETag of the object that the file may replace; null: none */
  readonly baseEtag: string | null;
  /** generation of the day's file while merging */
  readonly baseGeneration: number;
  readonly generation: number;
  /** null: the day has no samples, or is suspect. `etag` is set if R2 already has the same content. */
  readonly file: (Omit<ManifestFile, "key" | "etag"> & { readonly etag: string | null }) | null;
  /**
   * samples that the upstream added to the segments and the present file, and samples whose value it replaced; null:
   * unknown, because an unrecorded build may already have published them
   */
  readonly found: number | null;
  /** the file contains the segments with stamps up to this one */
  readonly settledStamp: number;
  /** value of the site's clock when it was read */
  readonly mark: string;
  /** when the samples of each hour were last requested from the upstream, epoch ms */
  readonly asked: readonly number[];
  /** size of the staged rows before compression, bytes */
  readonly rowsBytes: number;
  /** FORMULA_VERSION of the quality of its points; undefined: no quality */
  readonly formula?: number | undefined;
  /** why the build cannot use the present file; null: it can */
  readonly suspect: string | null;
  /** ETag of the manifest's file while merging; null: no file */
  readonly manifestEtag: string | null;
}
