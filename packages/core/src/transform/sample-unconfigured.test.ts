import fc from "fast-check";
import { expect, test } from "vitest";
import type { NamedSamples } from "../domain/samples.ts";
import { sampleUnconfigured } from "./sample-unconfigured.ts";

/** Two samples per point, at its index and 100 later. */
function twice(names: readonly string[]): NamedSamples {
  const rows = [...names.keys()];
  return {
    names,
    nameIndex: Int32Array.from([...rows, ...rows]),
    times: Float64Array.from([...rows, ...rows.map((row) => row + 100)]),
    values: Float64Array.from([...rows.map(() => -0), ...rows.map(() => 7)]),
    length: 2 * rows.length,
  };
}

test("keeps the first record of a point, in the shape of the API", () => {
  const points = new Map([["on", { configured: true }]]);
  expect(sampleUnconfigured(twice(["on", "off"]), points, 3, 5)).toEqual([
    { reason: "unconfigured", record: '{"name":"off","value":"-0","time":"1970-01-01T00:00:00.001Z"}', point: "off" },
  ]);
  expect(sampleUnconfigured(twice(["on"]), points, 3, 5)).toEqual([]);
  expect(sampleUnconfigured(twice(["off"]), points, 3, 0)).toEqual([]);
});

test("each run takes at most n points, and all points follow in turn", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 0, max: 6_000_000 }),
      (points, n, first) => {
        const samples = twice(Array.from({ length: points }, (_, i) => `p${i}`));
        const met = new Set<string>();
        for (let turn = first; turn < first + Math.ceil(points / n); turn++) {
          const taken = sampleUnconfigured(samples, new Map(), turn, n).map(({ point }) => point ?? "");
          expect(taken.length).toBe(Math.min(n, points));
          expect(new Set(taken).size).toBe(taken.length);
          for (const point of taken) met.add(point);
        }
        expect(met.size).toBe(points);
      },
    ),
  );
});
