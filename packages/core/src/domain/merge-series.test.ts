import fc from "fast-check";
import { expect, test } from "vitest";
import { levels, seriesOf } from "../../test/levels.ts";
import { mergeSeries } from "./merge-series.ts";

test("the merge is that of two maps, the young one's entries winning", () => {
  fc.assert(
    fc.property(levels, levels, (old, young) => {
      const { fromOld, ...merged } = mergeSeries(seriesOf(old), seriesOf(young));
      expect(merged).toEqual(seriesOf(new Map([...old, ...young])));
      expect(fromOld).toBe(merged.times.length - young.length);
    }),
  );
});
