/** A column of another aggregate, or of facts of each bucket such as flags. NaN stands for no value. */
export interface SeriesColumn {
  readonly name: string;
  readonly values: Float64Array | Int32Array | readonly string[];
  /** how its values are converted: as a point's value, as a difference of two, or not at all (default) */
  readonly converts?: "value" | "difference";
}

/** Facts of a whole series, such as its quantity and its total. */
export type SeriesFacts = Readonly<Record<string, string | number | null>>;
