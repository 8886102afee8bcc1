import { countRejection, type RejectionCounts } from "../domain/rejection.ts";
import type { NamedSamples, PointSamples } from "../domain/samples.ts";

/** The fields of a point that the filter needs. */
interface Collectable {
  readonly id: number;
  readonly configured: boolean;
}

export interface Selection {
  /** samples of configured points, in their order */
  readonly samples: PointSamples;
  /** number of other samples, rejected as `unconfigured` */
  readonly rejected: RejectionCounts;
}

/** Keeps the samples of configured points and replaces their names by the catalogue's ids. */
export function selectConfigured(samples: NamedSamples, points: ReadonlyMap<string, Collectable>): Selection {
  const ids = samples.names.map((name) => {
    const point = points.get(name);
    return point?.configured === true ? point.id : null;
  });
  const pointIds = new Int32Array(samples.length);
  const times = new Float64Array(samples.length);
  const values = new Float64Array(samples.length);
  let n = 0;
  for (let i = 0; i < samples.length; i++) {
    const id = ids[samples.nameIndex[i]!];
    if (id === null || id === undefined) continue;
    pointIds[n] = id;
    times[n] = samples.times[i]!;
    values[n] = samples.values[i]!;
    n++;
  }
  const rejected: RejectionCounts = {};
  countRejection(rejected, "unconfigured", samples.length - n);
  return {
    samples: {
      pointIds: pointIds.subarray(0, n),
      times: times.subarray(0, n),
      values: values.subarray(0, n),
      length: n,
    },
    rejected,
  };
}
