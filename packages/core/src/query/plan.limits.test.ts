import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  settled,
  DAY,
  HOUR,
  hotDays,
  KATHMANDU,
  MINUTE,
  nameOf,
  NOTHING,
  pointDay,
  points,
  query,
  START,
} from "../../test/planned-query.ts";
import { INTERVALS } from "../domain/interval.ts";
import { Problem } from "../domain/problem.ts";
import { MAX_COLD, MAX_HOUR_ROWS, MAX_POINT_DAYS, MAX_POINTS, MAX_SPAN_DAYS, MAX_VALUES } from "../read/limits.ts";
import { planQuery } from "./plan.ts";
import type { PlanInput } from "./plan-input.ts";

function refusalOf(input: PlanInput): Problem {
  try {
    planQuery(input);
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error("the query was not refused");
}

describe("limits", () => {
  test.each(INTERVALS)("%s: accepts its longest range, and refuses a millisecond more", (interval) => {
    const length = MAX_SPAN_DAYS[interval] * DAY;
    expect(planQuery(query(length, { interval })).interval).toBe(interval);
    const refusal = refusalOf(query(length + 1, { interval }));
    expect(refusal).toMatchObject({ code: "span_too_long", status: 400, field: "end_time" });
    expect(refusal.message).toContain(`interval=${interval} takes at most ${MAX_SPAN_DAYS[interval]} days`);
  });

  test("points", () => {
    expect(planQuery(query(HOUR, { points: points(MAX_POINTS) })).interval).toBe("raw");
    const refusal = refusalOf(query(HOUR, { points: points(MAX_POINTS + 1) }));
    expect(refusal).toMatchObject({ code: "too_many_points", status: 400, field: "point_names" });
  });

  test("values: accepts the limit, and refuses one more per point", () => {
    const length = (MAX_VALUES / 100) * MINUTE;
    const input = { points: points(100), interval: "raw" } as const;
    expect(planQuery(query(length, input)).interval).toBe("raw");
    const refusal = refusalOf(query(length + MINUTE, input));
    expect(refusal).toMatchObject({ code: "too_much_data", status: 422, field: "interval" });
    expect(refusal.message).toContain("ask for interval=5min, or for at most 99 points");
  });

  test("stored rows: accepts 100 points x 20 days, not an hour more", () => {
    const input = { points: points(100), interval: "1hr", stored: hotDays(START, START + 400 * DAY) } as const;
    expect(100 * planQuery(query(20 * DAY, input)).hours.length).toBe(MAX_HOUR_ROWS);
    const refusal = refusalOf(query(20 * DAY + 1, input));
    expect(refusal).toMatchObject({ code: "too_much_data", status: 422, field: "point_names" });
    expect(refusal.message).toContain("ask for at most 99 points");
  });

  test("requests to the archive: accepts the limit, and not a day more", () => {
    const stored = settled(800, [1, 2]);
    const input = { points: points(2), interval: "1day", timeZone: KATHMANDU, stored } as const;
    const days = MAX_COLD.requests / 2;
    expect(planQuery(query(days * DAY, input)).cold.requests).toBe(MAX_COLD.requests);
    const refusal = refusalOf(query(days * DAY + 1, input));
    expect(refusal).toMatchObject({ code: "too_much_data", status: 422, field: "end_time" });
    expect(refusal.message).toContain(`needs 602 reads of the archive; at most 600 are allowed`);
    expect(refusal.message).toContain(`ask for at most 1 points, or for at most ${days} days`);
  });

  test.each([
    [
      "bytes",
      (id: number, day: number) => pointDay(id, day, { bytes: 1_500_000, apart: 2_000_000 }),
      /needs \d+ bytes of the archive/,
    ],
    ["rows", (id: number, day: number) => pointDay(id, day, { rows: 300_000 }), /needs \d+ rows of the archive/],
  ])("refuses too many %s of the archive", (_, locate, message) => {
    const refusal = refusalOf(
      query(50 * DAY, { interval: "1hr", timeZone: KATHMANDU, stored: settled(50, [1], locate) }),
    );
    expect(refusal).toMatchObject({ code: "too_much_data", field: "end_time" });
    expect(refusal.message).toMatch(message);
  });

  test("refuses point-days in the archive beyond the lookup limit", () => {
    const days = settled(800, []).days;
    const stored = { ...NOTHING, days, pointDays: null };
    const refusal = refusalOf(query(800 * DAY, { points: points(100), interval: "1day", timeZone: KATHMANDU, stored }));
    expect(800 * 100).toBeGreaterThan(MAX_POINT_DAYS);
    expect(refusal.message).toContain("80000 point-days in the archive");
  });
});

/** The queries that a refusal suggests. */
function followed(input: PlanInput, message: string): PlanInput[] {
  const instead = /ask for (.*)\.$/.exec(message)?.[1];
  if (instead === undefined) throw new Error(`no suggestion: ${message}`);
  return instead.split(", or for ").map((way) => {
    const interval = INTERVALS.find((candidate) => way.includes(`interval=${candidate}`)) ?? input.interval;
    const count = Number(/at most (\d+) points/.exec(way)?.[1] ?? input.points.length);
    const days = Number(/at most (\d+) days/.exec(way)?.[1] ?? Number.POSITIVE_INFINITY);
    const end = Math.min(input.range.end, input.range.start + days * DAY);
    expect(count).toBeGreaterThan(0);
    // The last points; any others would do.
    return { ...input, interval, points: input.points.slice(-count), range: { ...input.range, end } };
  });
}

test("every suggestion of a refusal can be planned", () => {
  const cadence = fc.oneof(
    fc.constant(null),
    fc.constantFrom(1000, 30_000, MINUTE, HOUR),
    fc.integer({ min: 1, max: HOUR }),
  );
  const arbitrary = fc.record({
    length: fc.oneof(...[1, 31, 100, 400, 1830, 4000].map((days) => fc.integer({ min: 1, max: days * DAY }))),
    cadences: fc.array(cadence, { minLength: 1, maxLength: MAX_POINTS, size: "max" }),
    interval: fc.constantFrom(...INTERVALS, "auto" as const),
    maxPoints: fc.integer({ min: 1, max: 100_000 }),
    hotLength: fc.option(fc.integer({ min: 1, max: 400 })),
    withoutRollupsOfDay: fc.constantFrom(0, 1, 24),
    timeZone: fc.constantFrom("UTC", "America/New_York", KATHMANDU, "Australia/Lord_Howe"),
    coldDays: fc.option(fc.tuple(fc.integer({ min: 1, max: 4000 }), fc.constantFrom(15_000, 20_000, 112_000))),
  });
  const codes = new Map<string, number>();
  fc.assert(
    fc.property(
      arbitrary,
      ({ length, cadences, interval, maxPoints, hotLength, withoutRollupsOfDay, timeZone, coldDays }) => {
        const asked = cadences.map((cadenceMs, id) => ({ id, name: nameOf(id), unit: null, cadenceMs }));
        const { hours } = hotLength === null ? NOTHING : hotDays(START - 5 * DAY, START + (hotLength - 5) * DAY);
        const [days, apart] = coldDays ?? [0, 0];
        // As in reads: no locators if there are too many.
        const isTooMany = days * asked.length > MAX_POINT_DAYS;
        const ids = isTooMany ? [] : asked.map(({ id }) => id);
        const cold = settled(days, ids, (id, day) => pointDay(id, day, { bytes: 9_000 + (id % 7) * 1000, apart }));
        const pointDays = isTooMany ? null : cold.pointDays;
        const withoutRollups = hours.filter((_, i) => i % 24 < withoutRollupsOfDay);
        const stored = { ...NOTHING, hours, withoutRollups, days: cold.days, pointDays };
        const input = query(length, { points: asked, interval, maxPoints, timeZone, stored });
        try {
          planQuery(input);
        } catch (error) {
          if (!(error instanceof Problem)) throw error;
          expect(error.field).toMatch(/^(interval|point_names|end_time)$/);
          codes.set(`${error.code} ${error.field}`, 1 + (codes.get(`${error.code} ${error.field}`) ?? 0));
          for (const other of followed(input, error.message)) planQuery(other);
        }
      },
    ),
    { numRuns: 600 },
  );
  expect([...codes.keys()].toSorted()).toEqual([
    "span_too_long end_time",
    "too_much_data end_time",
    "too_much_data interval",
    "too_much_data point_names",
  ]);
});
