import fc from "fast-check";
import { expect, test } from "vitest";
import type { NamedSamples } from "../domain/samples.ts";
import { selectConfigured } from "./select-configured.ts";

const POINTS = new Map([
  ["on", { id: 5, configured: true }],
  ["on/too", { id: 900_000, configured: true }],
  ["off", { id: 7, configured: false }],
]);

function named(rows: readonly (readonly [name: string, time: number, value: number])[]): NamedSamples {
  const names = [...new Set(rows.map(([name]) => name))];
  return {
    names,
    nameIndex: Int32Array.from(rows, ([name]) => names.indexOf(name)),
    times: Float64Array.from(rows, ([, time]) => time),
    values: Float64Array.from(rows, ([, , value]) => value),
    length: rows.length,
  };
}

test("keeps the configured points' samples in order, bit for bit, and counts the rest", () => {
  const anyRow = fc.tuple(
    fc.constantFrom("on", "on/too", "off", "unknown", "constructor"),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  );
  fc.assert(
    fc.property(fc.array(anyRow), (rows) => {
      const { samples, rejected } = selectConfigured(named(rows), POINTS);
      const expected = rows.flatMap(([name, time, value]) => {
        const point = POINTS.get(name);
        return point?.configured === true ? [[point.id, time, value]] : [];
      });
      const kept = Array.from(samples.pointIds, (id, i) => [id, samples.times[i], samples.values[i]]);
      expect(kept).toEqual(expected);
      expect(samples.length).toBe(expected.length);
      const others = rows.length - expected.length;
      expect(rejected).toEqual(others === 0 ? {} : { unconfigured: others });
    }),
  );
});
