import fc from "fast-check";
import { expect, test } from "vitest";
import { HOUR_MS } from "../domain/hour.ts";
import { hoursToCarry, lastOfHours } from "./last-samples.ts";

const HOURS = 24;
type Kind = "none" | "constant" | "moved";
const rollup = (kinds: readonly Kind[]) => ({
  pointId: 1,
  day: 0,
  isCold: false,
  hours: kinds.map((kind) =>
    kind === "none" ? null : { n: 2, min: 1, max: kind === "moved" ? 2 : 1, sum: 3, edges: null },
  ),
});

test("reads an hour carried into an empty bucket if its last is unknown", () => {
  const kind = fc.constantFrom<Kind>("none", "constant", "moved");
  const arbitrary = fc.record({
    kinds: fc.array(kind, { minLength: HOURS, maxLength: HOURS }),
    width: fc.constantFrom(1, 2, 6),
    first: fc.integer({ min: 0, max: 5 }),
  });
  fc.assert(
    fc.property(arbitrary, ({ kinds, width, first }) => {
      const buckets = Math.floor((HOURS - first) / width);
      const bounds = Float64Array.from({ length: buckets + 1 }, (_, i) => (first + i * width) * HOUR_MS);
      const hoursOf = (bucket: number) => Array.from({ length: width }, (_, i) => first + bucket * width + i);
      const expected = Array.from({ length: Math.max(0, buckets - 1) }, (_, bucket) => {
        const last = hoursOf(bucket).findLast((hour) => kinds[hour] !== "none");
        const isNextEmpty = hoursOf(bucket + 1).every((hour) => kinds[hour] === "none");
        return last !== undefined && isNextEmpty && kinds[last] === "moved" ? [last * HOUR_MS] : [];
      });
      expect(hoursToCarry([rollup(kinds)], bounds)).toEqual(expected.flat());
    }),
  );
});

test("an hour with an unknown last sample carries nothing", () => {
  const aggregate = { n: 2, min: 1, max: 2, sum: 3, edges: null };
  const part = (hour: number, last: number | null) => ({ hour, n: 2, aggregate, scaled: 0, last, times: null });
  const parts = [part(0, 2), part(HOUR_MS, null)];
  expect([...lastOfHours(parts, Float64Array.of(0, HOUR_MS))]).toEqual([2, Number.NaN]);
});
