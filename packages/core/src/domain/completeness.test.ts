import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Expectation } from "./expectation.ts";
import type { Series } from "./samples.ts";
import { joinCompleteness, judgeHours, judgeSeries } from "./completeness.ts";

const at = (...times: number[]): Series => ({
  times: Float64Array.from(times),
  values: new Float64Array(times.length),
});
/** A promise of one sample per cadence. */
const promised = (cadenceMs: number): Expectation => ({ cadenceMs, toleranceMs: 3 * cadenceMs, isPromised: true });

const range = { start: 1000, end: 2000 };
/** far ahead, so that all of the range is judged */
const LATER = 1e6;

describe("a cadence of 100 in [1000, 2000)", () => {
  const every100 = [1000, 1100, 1200, 1300, 1400, 1500, 1600, 1700, 1800, 1900];
  test.each<[string, number[], number, [number, number][]]>([
    ["all there", every100, 10, []],
    ["all there, each late", every100.map((time) => time + 99), 10, []],
    ["all there, some early and some late", every100.map((time, i) => time + (i % 2) * 40), 10, []],
    ["nothing", [], 0, [[1000, 2000]]],
    ["one lost: shorter than a gap", every100.filter((time) => time !== 1400), 9, []],
    ["a gap of exactly three cadences", every100.filter((time) => time < 1400 || time > 1500), 8, []],
    ["a gap one millisecond longer", [1000, 1100, 1200, 1300, 1601, 1700, 1800, 1900], 8, [[1301, 1601]]],
    ["begins three cadences late", [1300, 1400, 1500, 1600, 1700, 1800, 1900], 7, []],
    ["begins later than that", [1301, 1400, 1500, 1600, 1700, 1800, 1900], 7, [[1000, 1301]]],
    ["silent for the last three", [1000, 1100, 1200, 1300, 1400, 1500, 1600, 1700], 8, []],
    ["silent for more", [1000, 1100, 1200, 1300, 1400, 1500, 1600, 1699], 8, [[1700, 2000]]],
    [
      "several gaps",
      [1400, 1500, 1900],
      3,
      [
        [1000, 1400],
        [1501, 1900],
      ],
    ],
    ["more than expected", Array.from({ length: 100 }, (_, i) => 1000 + i * 10), 10, []],
    ["a burst does not make up for a silence", Array.from({ length: 50 }, (_, i) => 1000 + i), 1, [[1050, 2000]]],
    ["twice as often for half of the time", Array.from({ length: 10 }, (_, i) => 1000 + i * 50), 5, [[1451, 2000]]],
  ])("%s", (_, times, present, missing) => {
    const expected = missing.map(([start, end]) => ({ start, end }));
    expect(judgeSeries(at(...times), range, promised(100), LATER)).toEqual({
      expected: 10,
      present,
      missing: expected,
    });
  });
});

describe("does not judge time after `until`", () => {
  test.each([
    ["the start", 1000],
    ["before the start", 999],
    ["never", Number.NEGATIVE_INFINITY],
  ])("until %s: nothing is judged", (_, until) => {
    expect(judgeSeries(at(1500), range, promised(100), until)).toEqual({ expected: 0, present: 0, missing: [] });
  });

  test("ignores samples outside the range", () => {
    const missing = [{ start: 1000, end: 1500 }];
    expect(judgeSeries(at(1500, 1600, 1700, 1800), range, promised(100), 1500)).toEqual({
      expected: 5,
      present: 0,
      missing,
    });
  });

  test("a silence of at most three cadences is not missing yet", () => {
    const judge = (until: number) => judgeSeries(at(1000, 1100, 1200), range, promised(100), until).missing;
    expect(judge(1500)).toEqual([]);
    expect(judge(1501)).toEqual([{ start: 1201, end: 1501 }]);
  });
});

test("expects nothing in less than a cadence", () => {
  expect(judgeSeries(at(), range, promised(1001), LATER)).toEqual({ expected: 0, present: 0, missing: [] });
  expect(judgeSeries(at(), range, promised(1000), LATER).expected).toBe(1);
});

test("a thinned regular series misses only its long gaps", () => {
  const kept = fc.array(fc.boolean(), { minLength: 1, maxLength: 60, size: "max" });
  fc.assert(
    fc.property(kept, fc.integer({ min: 2, max: 1000 }), (keep, cadence) => {
      const times = keep.flatMap((isKept, i) => (isKept ? [i * cadence] : []));
      const whole = { start: 0, end: keep.length * cadence };
      const { expected, present, missing } = judgeSeries(at(...times), whole, promised(cadence), LATER);
      expect(expected).toBe(keep.length);
      expect(present).toBe(times.length);
      // Oracle: the silences between neighbouring samples and the range's bounds.
      const marks = [0, ...times, whole.end];
      const gaps = marks
        .slice(1)
        .flatMap((end, i) =>
          end - marks[i]! > 3 * cadence ? [{ start: marks[i]! + (times.includes(marks[i]!) ? 1 : 0), end }] : [],
        );
      expect(missing).toEqual(gaps);
    }),
  );
});

test("present never exceeds expected, and more samples never make it worse", () => {
  const times = fc.uniqueArray(fc.integer({ min: 1000, max: 1999 }), { maxLength: 40 });
  fc.assert(
    fc.property(
      times,
      fc.integer({ min: 1000, max: 1999 }),
      fc.integer({ min: 1, max: 300 }),
      (some, added, cadence) => {
        const judge = (all: number[]) =>
          judgeSeries(at(...[...new Set(all)].toSorted((a, b) => a - b)), range, promised(cadence), LATER);
        const [before, after] = [judge(some), judge([...some, added])];
        expect(before.present).toBeLessThanOrEqual(before.expected);
        const silence = (stretches: readonly { start: number; end: number }[]) =>
          stretches.reduce((sum, { start, end }) => sum + end - start, 0);
        expect(silence(after.missing)).toBeLessThanOrEqual(silence(before.missing));
      },
    ),
  );
});

test("a range is missing if any joined point misses it; counts add up", () => {
  const part = (expected: number, present: number, ...missing: [number, number][]) => ({
    expected,
    present,
    missing: missing.map(([start, end]) => ({ start, end })),
  });
  const joined = joinCompleteness([part(10, 4, [50, 60], [0, 10]), part(5, 5), part(2, 1, [5, 20], [60, 70])]);
  expect(joined).toEqual(part(17, 10, [0, 20], [50, 70]));
  expect(joinCompleteness([])).toEqual(part(0, 0));
});

test("leaves out samples before the judged range", () => {
  const hours = [{ hour: 0, n: 3, times: Float64Array.of(900, 1000, 1100) }];
  const later = { start: 1000, end: 1200 };
  expect(judgeHours(hours, later, promised(100), LATER)).toEqual({ expected: 2, present: 2, missing: [] });
  const far = { start: 5_000_000, end: 5_000_200 };
  const farHours = [{ hour: 0, n: 2, times: Float64Array.of(1, 5_000_001, 5_000_101) }];
  expect(judgeHours(farHours, far, promised(100), 1e9)).toEqual({ expected: 2, present: 2, missing: [] });
});

test("without a promise only gaps are missing", () => {
  const measured = { cadenceMs: 10, toleranceMs: 300, isPromised: false };
  const judge = (...times: number[]) => judgeSeries(at(...times), range, measured, LATER);
  expect(judge(1100, 1101, 1400, 1690, 1980)).toEqual({ expected: 100, present: 100, missing: [] });
  expect(judge(1100, 1101, 1600, 1800)).toEqual({
    expected: 100,
    present: 51,
    missing: [{ start: 1102, end: 1600 }],
  });
  expect(judge()).toEqual({ expected: 100, present: 0, missing: [range] });
});
