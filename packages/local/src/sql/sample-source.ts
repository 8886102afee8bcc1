/** A row of the view `points`. Times are epoch ms. */
export interface PointRow {
  readonly site_name: string;
  readonly point_name: string;
  readonly unit: string | null;
  readonly label: string | null;
  /** JSON: `kv` and `markers` */
  readonly tags: string;
  /** null: unknown, because the API does not give it */
  readonly source: string | null;
  readonly configured: boolean;
  readonly interval_s: number | null;
  readonly first_seen: number | null;
  readonly last_seen: number | null;
}

/** Samples of one point; the columns are of equal length. */
export interface SeriesSamples {
  readonly site: string;
  readonly point: string;
  /** epoch ms */
  readonly times: readonly number[];
  readonly values: readonly number[];
  /** it replaces a file's sample at the same point and time, because it was requested later */
  readonly replaces: readonly boolean[];
}

/** Where `npm run sql` reads from. A source itself reports the samples that it leaves out. */
export interface SampleSource {
  points(): Iterable<PointRow>;
  /** All samples that are in no file of {@link dayFiles}; some of them may also be in one. */
  hotSamples(): Iterable<SeriesSamples> | AsyncIterable<SeriesSamples>;
  /** Paths of Parquet files on this machine. */
  dayFiles(): readonly string[] | Promise<readonly string[]>;
  close(): void;
}
