import fc from "fast-check";
import { expect, test } from "vitest";
import { levels, seriesOf } from "../../test/levels.ts";
import { mergeSeries } from "./merge-series.ts";

test("equals the merge of two maps, with entries of the upper level winning", () => {
  fc.assert(
    fc.property(levels, levels, (lower, upper) => {
      const { fromLower, ...merged } = mergeSeries(seriesOf(lower), seriesOf(upper));
      expect(merged).toEqual(seriesOf(new Map([...lower, ...upper])));
      expect(fromLower).toBe(merged.times.length - upper.length);
    }),
  );
});
