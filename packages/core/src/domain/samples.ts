/**
 * Samples as typed columns, row i being (names[nameIndex[i]], times[i], values[i]). Columns, because a page holds
 * 100,000 samples and an object for each would cost ten times the memory and the time.
 */
export interface NamedSamples {
  /** distinct point names, in order of first appearance */
  readonly names: readonly string[];
  /** index into `names`, a row each */
  readonly nameIndex: Int32Array;
  /** epoch milliseconds UTC, a row each */
  readonly times: Float64Array;
  /** finite doubles, a row each */
  readonly values: Float64Array;
  readonly length: number;
}

/** Samples of points that the catalogue knows, by its integer ids. Same layout as {@link NamedSamples}. */
export interface PointSamples {
  /** catalogue id of the point, a row each */
  readonly pointIds: Int32Array;
  /** epoch milliseconds UTC, a row each */
  readonly times: Float64Array;
  /** finite doubles, a row each */
  readonly values: Float64Array;
  readonly length: number;
}

/** One point's samples, ascending in time, each time once. */
export interface Series {
  /** epoch milliseconds UTC */
  readonly times: Float64Array;
  readonly values: Float64Array;
}

export const EMPTY_SERIES: Series = { times: new Float64Array(0), values: new Float64Array(0) };
