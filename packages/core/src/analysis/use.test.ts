import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dayOf, dayStart } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { hourAggregates } from "../rollups/hour-aggregates.ts";
import { hoursOfDays, readingsOfHour, readingsOfSamples, registerOf } from "./register.ts";
import { useOf } from "./use.ts";
import {
  HISTORY_HOURS as HOURS,
  HISTORY_START as START,
  meterHistory,
  naiveUse,
  type Reading,
  TOLERANCE,
} from "../../test/naive-use.ts";

const MINUTE = 60_000;

const seriesOf = (readings: readonly Reading[]) => ({
  times: Float64Array.from(readings, ([time]) => time),
  values: Float64Array.from(readings, ([, value]) => value),
});

/** The readings of hours' aggregates; of hours that fall more than once, those of their samples. */
function* hourly(readings: readonly Reading[]): Generator<Reading> {
  const byDay = [...Map.groupBy(readings, ([time]) => dayOf(time))];
  const days = byDay.map(([day, ofDay]) => ({ day, hours: hourAggregates(seriesOf(ofDay), day) }));
  for (const hour of hoursOfDays(days)) {
    if (hour.aggregate.edges !== null) yield* readingsOfHour(hour);
    else yield* readings.filter(([time]) => Math.floor(time / HOUR_MS) * HOUR_MS === hour.hour);
  }
}

/** Sums of the same doubles in another order; NaN stays. */
const rounded = (value: number) => Math.round(value * 1e6) / 1e6 + 0;

/** The figures and flags of each bucket. */
function usesOf(register: ReturnType<typeof registerOf>, edges: readonly number[]) {
  const range = { start: edges[0]!, end: edges.at(-1)! };
  const use = useOf(register, Float64Array.from(edges), range, TOLERANCE, {
    edges: "strict",
    isNet: false,
    until: Infinity,
  });
  return use.flags.map((flags, i) => ({
    figures: [use.delta[i]!, use.low[i]!, use.high[i]!].map(rounded),
    flags: new Set(flags.split(" ").filter((flag) => flag !== "")),
  }));
}

function expectedUses(readings: readonly Reading[], edges: readonly number[]) {
  return naiveUse(readings, edges).map(({ delta, low, high, flags }) => {
    return { figures: [delta, low, high].map(rounded), flags };
  });
}

describe("the use of a meter", () => {
  const everyHour = Array.from({ length: HOURS + 1 }, (_, i) => START + i * HOUR_MS);

  test("from samples equals the naive one, between any edges", () => {
    const edges = fc.uniqueArray(fc.integer({ min: 0, max: HOURS * 60 }), { minLength: 2, maxLength: 12 });
    fc.assert(
      fc.property(meterHistory, edges, (readings, minutes) => {
        const asked = minutes.toSorted((a, b) => a - b).map((minute) => START + minute * MINUTE);
        const register = registerOf(readingsOfSamples(seriesOf(readings)), false);
        expect(usesOf(register, asked)).toEqual(expectedUses(readings, asked));
      }),
      { numRuns: 300 },
    );
  });

  test("from hourly aggregates equals the naive one, between whole hours", () => {
    fc.assert(
      fc.property(meterHistory, (readings) => {
        const register = registerOf(hourly(readings), false);
        expect(usesOf(register, everyHour)).toEqual(expectedUses(readings, everyHour));
      }),
      { numRuns: 300 },
    );
  });

  test("of parts adds up to the use of the whole", () => {
    fc.assert(
      fc.property(meterHistory, (readings) => {
        const register = registerOf(hourly(readings), false);
        const options = { edges: "strict", isNet: false, until: Infinity } as const;
        const range = { start: START, end: everyHour.at(-1)! };
        const parts = useOf(register, Float64Array.from(everyHour), range, null, options);
        const [first, last] = [everyHour[1]!, everyHour.at(-1)!];
        const whole = useOf(register, Float64Array.of(first, last), { start: first, end: last }, null, options);
        // The first hour begins before the first reading.
        const sum = parts.delta.subarray(1).reduce((total, delta) => total + delta, 0);
        expect(sum).toBeCloseTo(whole.delta[0]!, 6);
      }),
    );
  });
});

test("a net meter counts falls as use", () => {
  const readings: Reading[] = [5, 3, 9, 1].map((value, i) => [START + i * MINUTE, value]);
  const register = registerOf(readingsOfSamples(seriesOf(readings)), true);
  const bounds = Float64Array.of(START, START + 3 * MINUTE);
  const range = { start: bounds[0]!, end: bounds[1]! };
  expect(useOf(register, bounds, range, TOLERANCE, { edges: "strict", isNet: true, until: Infinity })).toMatchObject({
    delta: Float64Array.of(-4),
    flags: [""],
  });
});

test("a gap over an edge gives bounds, or on request the value on the line", () => {
  const readings: Reading[] = [
    [START, 400],
    [START + MINUTE, 412],
    [START + 61 * MINUTE, 430],
  ];
  const register = registerOf(readingsOfSamples(seriesOf(readings)), false);
  const bounds = Float64Array.of(START, START + 31 * MINUTE);
  const range = { start: bounds[0]!, end: bounds[1]! };
  const strict = useOf(register, bounds, range, TOLERANCE, { edges: "strict", isNet: false, until: Infinity });
  expect(strict).toEqual({
    delta: Float64Array.of(NaN),
    low: Float64Array.of(12),
    high: Float64Array.of(30),
    flags: ["edge_gap"],
  });
  const line = useOf(register, bounds, range, TOLERANCE, { edges: "interpolate", isNet: false, until: Infinity });
  expect(line).toMatchObject({ delta: Float64Array.of(21), flags: ["interpolated"] });
});

test("a register in single precision that steps back and forth uses nothing", () => {
  const readings: Reading[] = [29_335_706, 29_335_708, 29_335_706, 29_335_708].map((value, i) => [
    START + i * MINUTE,
    value,
  ]);
  const register = registerOf(readingsOfSamples(seriesOf(readings)), false);
  expect([...register.used]).toEqual([0, 2, 0, 2]);
});

test("days of hours begin where their days do", () => {
  const day = dayOf(START);
  const hours = hourAggregates(seriesOf([[START + HOUR_MS, 1]]), day);
  expect([...hoursOfDays([{ day, hours }])].map(({ hour }) => hour)).toEqual([dayStart(day) + HOUR_MS]);
});
