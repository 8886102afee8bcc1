/**
 * Samples as typed columns. Row i is (names[nameIndex[i]], times[i], values[i]). A page holds 100,000 samples; an
 * object for each would cost ten times the memory and time.
 */
export interface NamedSamples {
  /** distinct point names, in order of first appearance */
  readonly names: readonly string[];
  /** index into `names`, one per row */
  readonly nameIndex: Int32Array;
  /** epoch milliseconds UTC, one per row */
  readonly times: Float64Array;
  /** finite doubles, one per row */
  readonly values: Float64Array;
  readonly length: number;
}

/** Samples of catalogued points, by catalogue id. Same layout as {@link NamedSamples}. */
export interface PointSamples {
  /** catalogue id of the point, one per row */
  readonly pointIds: Int32Array;
  /** epoch milliseconds UTC, one per row */
  readonly times: Float64Array;
  /** finite doubles, one per row */
  readonly values: Float64Array;
  readonly length: number;
}

export const NO_SAMPLES: PointSamples = {
  pointIds: new Int32Array(0),
  times: new Float64Array(0),
  values: new Float64Array(0),
  length: 0,
};

/** Concatenates samples, `a` first. */
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

/** One point's samples, ascending in time, without duplicates. */
export interface Series {
  /** epoch milliseconds UTC */
  readonly times: Float64Array;
  readonly values: Float64Array;
}

/** Concatenates series in order of time, into new buffers. */
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
