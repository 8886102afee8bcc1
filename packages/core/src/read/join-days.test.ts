import fc from "fast-check";
import { expect, test } from "vitest";
import { levels, seriesOf } from "../../test/levels.ts";
import { joinDays } from "./join-days.ts";

test("joins consecutive days and cuts them to a range", () => {
  const cuts = fc.tuple(fc.integer({ min: -1, max: 31 }), fc.integer({ min: -1, max: 31 }));
  fc.assert(
    fc.property(levels, cuts, ([...samples], [a, b]) => {
      const days = [0, 10, 20, 30].map((day) =>
        seriesOf(samples.filter(([time]) => Math.floor(time / 10) * 10 === day)),
      );
      const [start, end] = [Math.min(a, b), Math.max(a, b)];
      const expected = seriesOf(samples.filter(([time]) => time >= start && time < end));
      expect(joinDays(days, { start, end })).toEqual(expected);
    }),
  );
});
