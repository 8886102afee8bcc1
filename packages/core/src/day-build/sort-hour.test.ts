import fc from "fast-check";
import { expect, test } from "vitest";
import { pointSamples } from "../../test/points.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { sortHour } from "./sort-hour.ts";

const HOUR = { start: 10 * HOUR_MS, end: 11 * HOUR_MS };
const IDS = [7, 3, 900_000];
const order = { points: IDS.map((id, i) => ({ id, name: `p${i}` })), ranks: new Map(IDS.map((id, i) => [id, i])) };

const sample = fc.tuple(
  fc.constantFrom(...IDS),
  fc.oneof(
    fc.constantFrom(HOUR.start - 1, HOUR.start, HOUR.end - 1, HOUR.end),
    fc.integer({ min: HOUR.start, max: HOUR.start + 20 }),
  ),
  fc.constantFrom(0, -0, 1.5, 2.5),
);

test("sorts arrivals by point and time; the last arrival at a time wins", () => {
  fc.assert(
    fc.property(fc.array(fc.array(sample, { maxLength: 15 }), { maxLength: 4 }), (pages) => {
      const sorted = sortHour(pages.map(pointSamples), order, HOUR);
      const lines: [number, number, number][] = [];
      let at = 0;
      sorted.pointIds.forEach((id, i) => {
        for (let n = 0; n < sorted.rows[i]!; n++, at++) lines.push([id, sorted.times[at]!, sorted.values[at]!]);
      });
      expect(sorted.times.length).toBe(at);
      const latest = new Map<string, [number, number, number]>();
      for (const served of pages.flat()) {
        if (served[1] >= HOUR.start && served[1] < HOUR.end) latest.set(`${served[0]} ${served[1]}`, [...served]);
      }
      const expected = [...latest.values()].sort(([a, s], [b, t]) => IDS.indexOf(a) - IDS.indexOf(b) || s - t);
      expect(lines).toEqual(expected);
    }),
  );
});

test("an unknown point is an error", () => {
  expect(() => sortHour([pointSamples([[4, HOUR.start, 1]])], order, HOUR)).toThrow("no point 4");
});
