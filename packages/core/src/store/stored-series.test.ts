import fc from "fast-check";
import { expect, test } from "vitest";
import { mergeStored, NO_STORED_SERIES, SeriesBuilder } from "./stored-series.ts";

const values = fc.constantFrom(0, -0, 1, 2, 3);
/** Samples in the order of their stamps. */
const anyParts = fc.array(fc.tuple(fc.nat({ max: 8 }), values, fc.constantFrom(0, 1, 2)), {
  maxLength: 20,
  size: "max",
});

function build(parts: readonly (readonly [number, number, number])[]) {
  const builder = new SeriesBuilder();
  for (const part of parts) builder.add(...part);
  return builder.finish();
}

/** For each time, the value with the largest (asked, stamp). */
function winners(parts: readonly (readonly [number, number, number])[]) {
  const best = new Map<number, readonly [number, number, number]>();
  for (const part of parts) if (part[2] >= (best.get(part[0])?.[2] ?? 0)) best.set(part[0], part);
  return [...best.values()].sort(([a], [b]) => a - b);
}

test("of values at one time the one requested last wins, then the later stamp", () => {
  fc.assert(
    fc.property(anyParts, (parts) => {
      const { times, values: kept, asked } = build(parts);
      expect([...times].map((time, i) => [time, kept[i], asked[i]])).toStrictEqual(winners(parts));
    }),
    { numRuns: 400 },
  );
});

test("a segment's sample replaces the file's only if it was asked for later", () => {
  const file = fc.uniqueArray(fc.tuple(fc.nat({ max: 8 }), values), { selector: ([time]) => time, maxLength: 9 });
  const askedAt = fc.array(fc.constantFrom(0, 1, 2), { minLength: 9, maxLength: 9 });
  fc.assert(
    fc.property(file, anyParts, askedAt, (pairs, parts, asked) => {
      const held = pairs.toSorted(([a], [b]) => a - b);
      const expected = new Map<number, number>(held);
      let replaced = 0;
      for (const [time, value, at] of winners(parts)) {
        const isStored = expected.has(time);
        if (isStored && at <= asked[time]!) continue;
        if (isStored) replaced++;
        expected.set(time, value);
      }
      const series = { times: Float64Array.from(held, ([t]) => t), values: Float64Array.from(held, ([, v]) => v) };
      const merged = mergeStored(series, build(parts), (time) => asked[time]!);
      expect([...merged.times].map((time, i) => [time, merged.values[i]])).toStrictEqual(
        [...expected].sort(([a], [b]) => a - b),
      );
      expect(merged.fromLower).toBe(held.length - replaced);
    }),
    { numRuns: 400 },
  );
});

test("a file without segments stands as it is", () => {
  const file = { times: Float64Array.of(1, 2), values: Float64Array.of(3, -0) };
  expect(mergeStored(file, NO_STORED_SERIES, () => 0)).toStrictEqual({ ...file, fromLower: 2 });
});
