import fc from "fast-check";
import type { Series } from "../src/domain/samples.ts";

/** Some samples of a level, [time, value], unordered, one per time. */
export const levels = fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer()), {
  selector: ([time]) => time,
});

/** The samples as columns, by time. */
export function seriesOf(samples: Iterable<readonly [number, number]>): Series {
  const sorted = [...samples].sort(([a], [b]) => a - b);
  return {
    times: Float64Array.from(sorted, ([time]) => time),
    values: Float64Array.from(sorted, ([, value]) => value),
  };
}
