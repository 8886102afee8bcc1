import fc from "fast-check";
import { expect, test } from "vitest";
import { pointSamples, type Sample } from "../../test/points.ts";
import { DAY_MS } from "../domain/day.ts";
import { groupByDay } from "./arrivals.ts";

/** The same by definition: one map entry per (point, time), then sorted. */
function naive(samples: readonly Sample[]) {
  const latest = new Map<string, Sample>();
  let repeated = 0;
  let replaced = 0;
  for (const sample of samples) {
    const key = `${sample[0]} ${sample[1]}`;
    const earlier = latest.get(key);
    if (earlier !== undefined && Object.is(earlier[2], sample[2])) repeated++;
    if (earlier !== undefined && !Object.is(earlier[2], sample[2])) replaced++;
    latest.set(key, sample);
  }
  const days: [number, { pointId: number; offsets: number[]; values: number[] }[]][] = [];
  const ordered = [...latest.values()].map(
    ([id, time, value]) => [Math.floor(time / DAY_MS), id, time, value] as const,
  );
  for (const [day, pointId, time, value] of ordered.sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2])) {
    if (days.at(-1)?.[0] !== day) days.push([day, []]);
    const parts = days.at(-1)![1];
    if (parts.at(-1)?.pointId !== pointId) parts.push({ pointId, offsets: [], values: [] });
    parts.at(-1)!.offsets.push(time - day * DAY_MS);
    parts.at(-1)!.values.push(value);
  }
  return { days, repeated, replaced };
}

const grouped = (samples: readonly Sample[]) => {
  const { days, ...counts } = groupByDay(pointSamples(samples));
  return { days: [...days], ...counts };
};

test("equals the naive grouping of unordered samples with repeats", () => {
  const day = fc.constantFrom(-1, 0, 1, 20_373);
  const offset = fc.oneof(fc.constantFrom(0, 1, DAY_MS - 1), fc.nat({ max: DAY_MS - 1 }));
  const time = fc.tuple(day, offset).map(([d, ms]) => d * DAY_MS + ms);
  const point = fc.constantFrom(1, 2, 200, 2 ** 31 - 1);
  const sample = fc.tuple(point, time, fc.constantFrom(0, -0, 1, 25.517500000000002));
  let collisions = 0;
  fc.assert(
    fc.property(fc.array(sample, { maxLength: 60, size: "max" }), (samples) => {
      const result = grouped(samples);
      expect(result).toStrictEqual(naive(samples));
      collisions += result.repeated + result.replaced;
    }),
    { numRuns: 200 },
  );
  expect(collisions).toBeGreaterThan(100);
});

test("0 and -0 are two values, and the later arrival wins", () => {
  const [zero, negative]: Sample[] = [
    [1, 5, 0],
    [1, 5, -0],
  ];
  expect(grouped([zero!, negative!, negative!])).toStrictEqual({
    days: [[0, [{ pointId: 1, offsets: [5], values: [-0] }]]],
    repeated: 1,
    replaced: 1,
  });
});

test("rows beyond `length` are not read", () => {
  const columns = pointSamples([
    [1, 5, 1],
    [2, 6, 2],
  ]);
  expect([...groupByDay({ ...columns, length: 1 }).days]).toStrictEqual([
    [0, [{ pointId: 1, offsets: [5], values: [1] }]],
  ]);
  expect(groupByDay(pointSamples([])).days.size).toBe(0);
});
