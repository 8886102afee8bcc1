import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { judgeDay, type PointExpectations } from "./judge-day.ts";
import { naiveFlatS, naiveOutliers, naiveSpikes } from "../../test/naive-quality.ts";
import { Scratch } from "./scratch.ts";

const DAY = Date.UTC(2025, 9, 12);
const MINUTE = 60_000;
const promised = (cadenceMs: number) => ({ cadenceMs, toleranceMs: 3 * cadenceMs, isPromised: true });
const ROOM: PointExpectations = { kind: "sensor", unit: "°F", expectation: promised(MINUTE) };
const scratch = new Scratch();

/** A sound room with a sample a minute. It moves a little all day, at a tenth of a degree. */
function room(change: (values: number[], times: number[]) => void = () => undefined) {
  const times = Array.from({ length: 1_440 }, (_, i) => DAY + i * MINUTE + 17);
  const noise = (i: number) => ((i * 2_654_435_761) % 1_000) / 1_000 - 0.5;
  const values = times.map((_, i) => Math.round((71 + 2 * Math.sin(i / 200) + 0.6 * noise(i)) * 10) / 10);
  change(values, times);
  return { times: Float64Array.from(times), values: Float64Array.from(values) };
}
const judge = (series: ReturnType<typeof room>, point = ROOM, late: number | null = 0) =>
  judgeDay(series, point, late, scratch);
const SOUND = {
  score: 1,
  expected: 1_440,
  actual: 1_440,
  missing: 0,
  outOfRange: 0,
  outliers: 0,
  spikes: 0,
  flatS: 0,
  late: 0,
};

describe("names a planted fault, and no other", () => {
  test("none", () => expect(judge(room())).toEqual(SOUND));

  test.each<[string, (values: number[], times: number[]) => void, Partial<typeof SOUND>]>([
    ["two spikes", (v) => ((v[100] = 90), (v[900] = 50)), { spikes: 2, score: 0.9986 }],
    ["a broken wire", (v) => v.fill(-459.67, 200, 260), { outOfRange: 60, score: 0.9583 }],
    ["ten wrong minutes", (v) => v.fill(95, 300, 310), { outliers: 10, score: 0.993 }],
    ["a spike at 999", (v) => (v[700] = 999), { outOfRange: 1, score: 0.9993 }],
    [
      "six hours without samples",
      (v, t) => (v.splice(0, 360), t.splice(0, 360)),
      { missing: 360, actual: 1_080, score: 0.75 },
    ],
    [
      "two samples a minute do not make up for them",
      (v, t) => (v.splice(1, 1), t.splice(1, 1), t.push(t.at(-1)! + 1), v.push(v.at(-1)!)),
      { missing: 1, score: 0.9993 },
    ],
    ["stuck all day", (v) => v.fill(71.3), { flatS: 1_439 * 60, score: 0 }],
    ["stuck for 20 hours", (v) => v.fill(71.3, 0, 1_200), { flatS: 1_199 * 60, score: 0.1673 }],
    ["13 hours without a change, as real rooms have", (v) => v.fill(71.3, 300, 1_080), {}],
  ])("%s", (_, change, expected) => {
    expect(judge(room(change))).toEqual({ ...SOUND, ...expected });
  });

  test("a sensor of a hundredth of a degree is stuck after six hours", () => {
    const series = room((values) => {
      values[1_001] = values[1_000]! + 0.01;
      values.fill(71.31, 100, 470);
    });
    expect(judge(series)).toMatchObject({ flatS: 369 * 60, outliers: 0, spikes: 0 });
  });
});

describe("finds no fault", () => {
  test.each<[string, Partial<PointExpectations>, (values: number[]) => void]>([
    ["a setpoint that stands and jumps", { kind: "set" }, (v) => (v.fill(72), v.fill(78, 100, 130))],
    ["a fan that is off", { unit: "cfm" }, (v) => v.fill(0)],
    ["an unused meter", { unit: "kWh" }, (v) => v.fill(81_234.5)],
    ["switched lights", { unit: "lx" }, (v) => (v.fill(0), v.fill(300, 500, 501), v.fill(301, 800, 820))],
    ["a valve", { unit: "%" }, (v) => (v.fill(0), v.fill(100, 500, 520))],
    [
      "a meeting",
      { unit: "ppm" },
      (v) => v.forEach((_, i) => (v[i] = 420 + (i % 7) + 900 * Math.max(0, 1 - ((i - 700) / 45) ** 2))),
    ],
    [
      "the power of a compressor that runs every five minutes",
      { unit: "kW" },
      (v) => v.forEach((_, i) => (v[i] = i % 5 === 0 ? 40.1 : 71.3 + (i % 3) / 10)),
    ],
  ])("%s", (_, point, change) => {
    const quality = judge(room(change), { ...ROOM, ...point });
    expect({
      ...quality,
      outliers: quality.outliers ?? 0,
      spikes: quality.spikes ?? 0,
      flatS: quality.flatS ?? 0,
    }).toEqual(SOUND);
  });
});

test("does not judge unknown properties, and leaves them out of the score", () => {
  const none = {
    score: null,
    expected: null,
    missing: null,
    outOfRange: null,
    outliers: null,
    spikes: null,
    flatS: null,
  };
  expect(judge(room(), { kind: "set", unit: null, expectation: null }, null)).toEqual({
    ...none,
    actual: 1_440,
    late: null,
  });
  expect(judge(room(), { ...ROOM, unit: "furlongs" })).toMatchObject({
    ...none,
    score: 1,
    expected: 1_440,
    missing: 0,
  });
  expect(judge(room(), { ...ROOM, expectation: null })).toMatchObject({ score: 1, expected: null, missing: null });
  expect(judge(room(), { ...ROOM, expectation: promised(90_000_000) })).toMatchObject({
    expected: null,
    missing: null,
  });
  expect(judge(room(), { ...ROOM, kind: "reading" })).toMatchObject({ outliers: 0, spikes: 0, flatS: null });
  const few = room((values, times) => (values.splice(20), times.splice(20)));
  expect(judge(few)).toMatchObject({ outOfRange: 0, outliers: null, spikes: null, flatS: null, missing: 1_420 });
});

test("counts equal a plain computation for any values, and no sample counts twice", () => {
  const one = fc.oneof(
    { weight: 12, arbitrary: fc.integer({ min: 700, max: 730 }).map((tenths) => tenths / 10) },
    { weight: 1, arbitrary: fc.integer({ min: -80, max: 400 }) },
    { weight: 1, arbitrary: fc.constantFrom(71.5, -1.7e308, 1.7e308, 0, -0, 5e-324) },
  );
  // stretches, so that some are long
  const stretch = fc.tuple(one, fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 1, max: 3 }) }, fc.nat(1_200)));
  let seen = 0;
  fc.assert(
    fc.property(fc.array(stretch, { minLength: 5, maxLength: 200, size: "max" }), fc.nat(1_400), (stretches, gapAt) => {
      const all = stretches.flatMap(([value, n]) => Array<number>(n).fill(value)).slice(0, 1_400);
      const values = Float64Array.from(all);
      const times = Float64Array.from(all, (_, i) => DAY + i * MINUTE + (i >= gapAt ? 7 * MINUTE : 0));
      const quality = judge({ times, values });
      expect(quality.outOfRange).toBe(all.filter((value) => value < -76 || value > 392).length);
      if (all.length < 24) return;
      const kept = all
        .map((value, i) => ({ value, time: times[i]! }))
        .filter(({ value }) => value >= -76 && value <= 392);
      const spikes = naiveSpikes(kept, 1, 3 * MINUTE);
      const outliers = naiveOutliers(kept, 1).filter((i) => !spikes.includes(i));
      expect(quality).toMatchObject({ spikes: spikes.length, outliers: outliers.length });
      expect(quality.flatS).toBe(
        naiveFlatS(
          all.map((value, i) => ({ value, time: times[i]! })),
          1,
          3 * MINUTE,
        ),
      );
      expect(quality.score! >= 0 && quality.score! <= 1).toBe(true);
      seen += spikes.length + outliers.length + Math.sign(quality.flatS!);
    }),
    { numRuns: 300 },
  );
  expect(seen).toBeGreaterThan(50);
});
