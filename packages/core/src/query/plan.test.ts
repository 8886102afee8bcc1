import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { INTERVALS, type Interval } from "../domain/interval.ts";
import { Problem } from "../domain/problem.ts";
import { MAX_HOUR_ROWS, MAX_POINTS, MAX_SPAN_DAYS, MAX_VALUES, type PlanInput, planQuery } from "./plan.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const START = Date.UTC(2025, 9, 12);

const points = (count: number, cadenceMs: number | null = MINUTE) =>
  Array.from({ length: count }, (_, i) => ({ id: i + 1, cadenceMs }));

/** A query of `length` ms, over nothing stored unless `hot` says so. */
function query(length: number, rest: Partial<PlanInput> = {}): PlanInput {
  const range = { start: START, end: START + length };
  return { points: points(1), range, interval: "auto", maxPoints: 2000, hot: null, ...rest };
}

function refusalOf(input: PlanInput): Problem {
  try {
    planQuery(input);
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error("it was planned");
}

describe("auto takes the finest interval that fits", () => {
  test.each<[string, PlanInput, Interval]>([
    ["an hour", query(HOUR), "raw"],
    ["2,000 samples", query(2000 * MINUTE), "raw"],
    ["a millisecond more", query(2000 * MINUTE + 1), "5min"],
    [
      "2,000 samples at an unknown cadence, taken as a minute",
      query(2000 * MINUTE, { points: points(1, null) }),
      "raw",
    ],
    ["a cadence of half a minute: minutes fit", query(1001 * MINUTE, { points: points(1, 30_000) }), "1min"],
    ["a slow point stays raw", query(6 * DAY, { points: points(1, 5 * MINUTE) }), "raw"],
    [
      "the quickest of the points decides",
      query(6 * DAY, { points: [...points(1, 5 * MINUTE), ...points(1)] }),
      "5min",
    ],
    ["2,000 times five minutes", query(10_000 * MINUTE), "5min"],
    ["more", query(10_001 * MINUTE), "1hr"],
    ["2,000 hours", query(2000 * HOUR), "1hr"],
    ["2,001 hours", query(2001 * HOUR), "1day"],
    ["few points asked for", query(2 * DAY, { maxPoints: 2 }), "1day"],
    ["fewer than any interval gives: the coarsest", query(2 * DAY, { maxPoints: 1 }), "1day"],
    ["many points asked for, but 31 days are the limit of raw", query(32 * DAY, { maxPoints: 100_000 }), "5min"],
    ["an answer over the limit in sum", query(7 * DAY, { points: points(100), maxPoints: 20_000 }), "5min"],
  ])("%s", (_, input, interval) => {
    expect(planQuery(input)).toEqual({ interval, hot: null });
  });

  test("no finer one would have fitted", () => {
    const arbitrary = fc.record({
      length: fc.integer({ min: 1, max: 1830 * DAY }),
      cadences: fc.array(fc.option(fc.integer({ min: 1000, max: HOUR })), { minLength: 1, maxLength: 20 }),
      maxPoints: fc.integer({ min: 1, max: 100_000 }),
    });
    fc.assert(
      fc.property(arbitrary, ({ length, cadences, maxPoints }) => {
        const input = query(length, { points: cadences.map((cadenceMs, id) => ({ id, cadenceMs })), maxPoints });
        const { interval } = planQuery(input);
        for (const finer of INTERVALS.slice(0, INTERVALS.indexOf(interval))) {
          const bucket = { raw: 0, "1min": MINUTE, "5min": 5 * MINUTE, "1hr": HOUR, "1day": DAY }[finer];
          const values = cadences.map((cadence) => length / Math.max(bucket, cadence ?? MINUTE));
          const isTooLong = length > MAX_SPAN_DAYS[finer] * DAY;
          const sum = values.reduce((total, one) => total + one, 0);
          expect(isTooLong || Math.max(...values) > maxPoints || sum > MAX_VALUES).toBe(true);
        }
      }),
    );
  });
});

describe("what the hot level is asked for", () => {
  const hot = { start: START, end: START + DAY };
  test.each<[string, number, number, number | null]>([
    ["all that is stored", 0, DAY, 24],
    ["an hour", HOUR, 2 * HOUR, 1],
    ["a millisecond", HOUR, HOUR + 1, 1],
    ["a millisecond of two hours each", HOUR - 1, HOUR + 1, 2],
    ["no more than is stored", -DAY, 3 * DAY, 24],
    ["the part that is stored", -DAY, HOUR, 1],
    ["up to where it begins", -DAY, 0, null],
    ["from where it ends", DAY, 2 * DAY, null],
  ])("%s: [%i, %i)", (_, start, end, hours) => {
    const range = { start: START + start, end: START + end };
    const plan = planQuery({ ...query(1), points: points(3), range, interval: "1hr", hot });
    const part = { start: Math.max(hot.start, range.start), end: Math.min(hot.end, range.end) };
    const asked = hours === null ? null : { pointIds: [1, 2, 3], range: part, hourRows: 3 * hours };
    expect(plan).toEqual({ interval: "1hr", hot: asked });
  });
});

describe("limits", () => {
  test.each(INTERVALS)("%s: its longest range, and a millisecond more", (interval) => {
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

  test("values: exactly as many as fit, and one a point more", () => {
    const length = (MAX_VALUES / 100) * MINUTE;
    const input = { points: points(100), interval: "raw" } as const;
    expect(planQuery(query(length, input)).interval).toBe("raw");
    const refusal = refusalOf(query(length + MINUTE, input));
    expect(refusal).toMatchObject({ code: "too_much_data", status: 422, field: "interval" });
    expect(refusal.message).toContain("ask for interval=5min, or for at most 99 points");
  });

  test("stored rows: 100 points x 20 days, and an hour more", () => {
    const hot = { start: START, end: START + 400 * DAY };
    const input = { points: points(100), interval: "1hr", hot } as const;
    expect(planQuery(query(20 * DAY, input)).hot?.hourRows).toBe(MAX_HOUR_ROWS);
    const refusal = refusalOf(query(20 * DAY + 1, input));
    expect(refusal).toMatchObject({ code: "too_much_data", status: 422, field: "point_names" });
    expect(refusal.message).toContain("ask for at most 99 points");
  });
});

/** The query that a refusal's words lead to. */
function followed(input: PlanInput, message: string): PlanInput[] {
  const instead = /ask for (.*)\.$/.exec(message)?.[1];
  if (instead === undefined) throw new Error(`no way out: ${message}`);
  return instead.split(", or for ").map((way) => {
    const interval = INTERVALS.find((one) => way.includes(`interval=${one}`)) ?? input.interval;
    const count = Number(/at most (\d+) points/.exec(way)?.[1] ?? input.points.length);
    const days = Number(/at most (\d+) days/.exec(way)?.[1] ?? Number.POSITIVE_INFINITY);
    const end = Math.min(input.range.end, input.range.start + days * DAY);
    expect(count).toBeGreaterThan(0);
    // The last points, for it must not matter which.
    return { ...input, interval, points: input.points.slice(-count), range: { ...input.range, end } };
  });
}

test("whatever is refused, what is said to be asked for instead can be planned", () => {
  const cadence = fc.oneof(
    fc.constant(null),
    fc.constantFrom(1000, 30_000, MINUTE, HOUR),
    fc.integer({ min: 1, max: HOUR }),
  );
  const arbitrary = fc.record({
    length: fc.oneof(...[1, 31, 100, 800, 1830, 4000].map((days) => fc.integer({ min: 1, max: days * DAY }))),
    cadences: fc.array(cadence, { minLength: 1, maxLength: MAX_POINTS, size: "max" }),
    interval: fc.constantFrom(...INTERVALS, "auto" as const),
    maxPoints: fc.integer({ min: 1, max: 100_000 }),
    hotDays: fc.option(fc.integer({ min: 1, max: 4000 })),
  });
  const codes = new Map<string, number>();
  fc.assert(
    fc.property(arbitrary, ({ length, cadences, interval, maxPoints, hotDays }) => {
      const hot = hotDays === null ? null : { start: START - 5 * DAY, end: START + (hotDays - 5) * DAY };
      const asked = cadences.map((cadenceMs, id) => ({ id, cadenceMs }));
      const input = query(length, { points: asked, interval, maxPoints, hot });
      try {
        planQuery(input);
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        expect(error.field).toMatch(/^(interval|point_names|end_time)$/);
        codes.set(`${error.code} ${error.field}`, 1 + (codes.get(`${error.code} ${error.field}`) ?? 0));
        for (const other of followed(input, error.message)) planQuery(other);
      }
    }),
    { numRuns: 400 },
  );
  expect([...codes.keys()].toSorted()).toEqual([
    "span_too_long end_time",
    "too_much_data interval",
    "too_much_data point_names",
  ]);
});
