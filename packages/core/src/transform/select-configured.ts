import { countRejection, type RejectionCounts } from "../domain/rejection.ts";
import type { NamedSamples, PointSamples } from "../domain/samples.ts";

/** A point as this filter needs it. */
interface Collectable {
  readonly id: number;
  readonly configured: boolean;
}

export interface Selection {
  /** the samples of configured points, in their order */
  readonly samples: PointSamples;
  /** the others, counted as `unconfigured` */
  readonly rejected: RejectionCounts;
}

/** Keeps the samples of configured points, with the catalogue's ids for their names. */
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
