/** A point as the view `points` shows it. Times are epoch ms. */
export interface PointRow {
  readonly site_name: string;
  readonly point_name: string;
  readonly unit: string | null;
  readonly label: string | null;
  /** JSON: `kv` and `markers` */
  readonly tags: string;
  /** null: unknown, as the API does not tell it */
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
  /** whether each counts in place of a file's sample at its point and time: it was asked for later */
  readonly replaces: readonly boolean[];
}

/** Where `npm run sql` reads from. A source reports what it leaves out itself. */
export interface SampleSource {
  points(): Iterable<PointRow>;
  /** All samples that no file of {@link dayFiles} has, and some that one has. */
  hotSamples(): Iterable<SeriesSamples> | AsyncIterable<SeriesSamples>;
  /** Paths of Parquet files on this machine. */
  dayFiles(): readonly string[] | Promise<readonly string[]>;
  close(): void;
}
