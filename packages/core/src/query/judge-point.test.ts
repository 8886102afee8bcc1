import fc from "fast-check";
import { expect, test } from "vitest";
import { judgeHours, judgeSeries } from "../domain/completeness.ts";
import { HOUR_MS } from "../domain/hour.ts";
import type { TimeRange } from "../domain/time-range.ts";
import { type HourPart, hourParts } from "./hour-parts.ts";
import { judgePoint } from "./judge-point.ts";

const MINUTE = 60_000;
const HOURS = 12;
const ALL = new Set(Array.from({ length: HOURS }, (_, i) => i * HOUR_MS));

const promised = (cadenceMs: number) => ({ cadenceMs, toleranceMs: 3 * cadenceMs, isPromised: true });
const cadence = fc.constantFrom(MINUTE, 10 * MINUTE, 20 * MINUTE, 45 * MINUTE, 3 * HOUR_MS);
const history = fc.record({
  cadence,
  /** which of its samples each hour has */
  kept: fc.array(fc.constantFrom(0, 0.5, 0.9, 1), { minLength: HOURS, maxLength: HOURS }),
  rolledUp: fc.array(fc.boolean(), { minLength: HOURS, maxLength: HOURS }),
  from: fc.integer({ min: 0, max: 3 * HOUR_MS }),
  until: fc.integer({ min: 0, max: HOURS * HOUR_MS }),
});

/** A sensor's samples, each hour cut short, and the same hours as parts, some with hourly aggregates. */
function partsOf(cadenceMs: number, kept: readonly number[], rolledUp: readonly boolean[], range: TimeRange) {
  const times: number[] = [];
  for (let time = 7; time < HOURS * HOUR_MS; time += cadenceMs) {
    if (time >= range.start && (time % HOUR_MS) / HOUR_MS < kept[Math.floor(time / HOUR_MS)]!) times.push(time);
  }
  const series = { times: Float64Array.from(times), values: new Float64Array(times.length) };
  const parts = hourParts([], ALL, series, range).map((part): HourPart => {
    const isWhole = part.hour >= range.start && part.hour + HOUR_MS <= range.end;
    return isWhole && rolledUp[part.hour / HOUR_MS]! ? { ...part, times: null } : part;
  });
  return { series, parts };
}

test("hours with known samples are judged like their samples", () => {
  fc.assert(
    fc.property(history, ({ cadence: cadenceMs, kept, from, until }) => {
      const range = { start: from, end: HOURS * HOUR_MS };
      const { series, parts } = partsOf(cadenceMs, kept, Array(HOURS).fill(false), range);
      expect(judgeHours(parts, range, promised(cadenceMs), until)).toEqual(
        judgeSeries(series, range, promised(cadenceMs), until),
      );
    }),
  );
});

test("with counts only, reported missing time is truly missing", () => {
  let partly = 0;
  fc.assert(
    fc.property(history, ({ cadence: cadenceMs, kept, rolledUp, from, until }) => {
      const range = { start: from, end: HOURS * HOUR_MS };
      const { series, parts } = partsOf(cadenceMs, kept, rolledUp, range);
      const judged = judgeHours(parts, range, promised(cadenceMs), until);
      const known = judgeSeries(series, range, promised(cadenceMs), until);
      for (const gap of judged.missing) {
        expect(known.missing.some(({ start, end }) => start <= gap.start && end >= gap.end)).toBe(true);
      }
      if (judged.missing.length < known.missing.length) partly++;
      expect(judged.expected).toBeLessThanOrEqual(known.expected);
      expect(judged.present).toBeLessThanOrEqual(judged.expected);
      if (cadenceMs <= 20 * MINUTE && kept.every((share) => share === 1)) expect(judged.missing).toEqual([]);
    }),
  );
  expect(partly).toBeGreaterThan(0);
});

test("an hour without samples is missing despite bursts elsewhere", () => {
  const aggregate = (n: number) => ({ n, min: 1, max: 1, sum: n, edges: null });
  const hour = (i: number, n: number): HourPart => ({
    hour: i * HOUR_MS,
    n,
    aggregate: aggregate(n),
    scaled: 0,
    last: null,
    times: null,
  });
  const range = { start: 0, end: 4 * HOUR_MS };
  expect(judgeHours([hour(0, 60), hour(1, 600), hour(3, 30)], range, promised(MINUTE), range.end)).toEqual({
    expected: 240,
    present: 150,
    missing: [{ start: 2 * HOUR_MS, end: 3 * HOUR_MS }],
  });
});

test("judges from the first sample on, and only with an expectation", () => {
  const range = { start: 0, end: 4 * HOUR_MS };
  const point = {
    id: 1,
    name: "a",
    unit: null,
    cadenceMs: MINUTE,
    expectation: promised(MINUTE),
    firstSeen: 2 * HOUR_MS,
    past: [],
  };
  const hours = [2, 3].map((i) => ({ hour: i * HOUR_MS, n: 60, times: null }));
  expect(judgePoint(point, hours, range, range.end)).toEqual({ expected: 120, present: 120, missing: [] });
  expect(judgePoint({ ...point, firstSeen: 9 * HOUR_MS }, [], range, range.end)?.expected).toBe(0);
  expect(judgePoint({ ...point, expectation: null }, hours, range, range.end)).toBe(null);
});

test("judges past time by the cadence configured then", () => {
  const range = { start: 0, end: 4 * HOUR_MS };
  const now = { id: 1, name: "a", unit: null, cadenceMs: MINUTE, expectation: promised(MINUTE), firstSeen: 0 };
  const hours = [12, 12, 60, 60].map((n, i) => ({ hour: i * HOUR_MS, n, times: null }));
  const past = (intervalS: number | null) => [{ until: 2 * HOUR_MS + 60_000, unit: null, intervalS }];
  const judge = (intervalS: number | null) => judgePoint({ ...now, past: past(intervalS) }, hours, range, range.end);
  expect(judge(300)).toEqual({ expected: 144, present: 144, missing: [] });
  // time before the configuration is judged by the current cadence
  expect(judge(null)).toMatchObject({ expected: 240, present: 144 });
  const times = Float64Array.from([...Array(24).keys()].map((i) => i * 300_000));
  const samples = [{ hour: 0, n: 24, times }];
  expect(judgePoint({ ...now, past: past(300) }, samples, range, 2 * HOUR_MS)).toMatchObject({
    expected: 24,
    present: 24,
  });
});
