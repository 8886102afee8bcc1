import fc from "fast-check";
import { expect, test } from "vitest";
import type { Series } from "./samples.ts";
import { mergeSeries } from "./merge-series.ts";

const level = fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer()), { selector: ([time]) => time });

function seriesOf(samples: Iterable<readonly [number, number]>): Series {
  const sorted = [...samples].sort(([a], [b]) => a - b);
  return {
    times: Float64Array.from(sorted, ([time]) => time),
    values: Float64Array.from(sorted, ([, value]) => value),
  };
}

test("the merge is that of two maps, the young one's entries winning", () => {
  fc.assert(
    fc.property(level, level, (old, young) => {
      const { fromOld, ...merged } = mergeSeries(seriesOf(old), seriesOf(young));
      expect(merged).toEqual(seriesOf(new Map([...old, ...young])));
      expect(fromOld).toBe(merged.times.length - young.length);
    }),
  );
});
