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

export const NO_SAMPLES: PointSamples = {
  pointIds: new Int32Array(0),
  times: new Float64Array(0),
  values: new Float64Array(0),
  length: 0,
};

/** The samples of both, the first ones first. */
export function joinSamples(a: PointSamples, b: PointSamples): PointSamples {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  const length = a.length + b.length;
  const joined = {
    pointIds: new Int32Array(length),
    times: new Float64Array(length),
    values: new Float64Array(length),
  };
  for (const column of ["pointIds", "times", "values"] as const) {
    joined[column].set(a[column]);
    joined[column].set(b[column], a.length);
  }
  return { ...joined, length };
}

/** One point's samples, ascending in time, each time once. */
export interface Series {
  /** epoch milliseconds UTC */
  readonly times: Float64Array;
  readonly values: Float64Array;
}

/** Series that follow one another in time, as one in buffers of its own. */
export function concatSeries(parts: readonly Series[]): Series {
  const size = parts.reduce((sum, part) => sum + part.times.length, 0);
  const times = new Float64Array(size);
  const values = new Float64Array(size);
  let at = 0;
  for (const part of parts) {
    times.set(part.times, at);
    values.set(part.values, at);
    at += part.times.length;
  }
  return { times, values };
}

export const EMPTY_SERIES: Series = { times: new Float64Array(0), values: new Float64Array(0) };
