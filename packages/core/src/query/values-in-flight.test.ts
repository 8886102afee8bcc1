import fc from "fast-check";
import { expect, test } from "vitest";
import { settled, DAY, KATHMANDU, points, query } from "../../test/planned-query.ts";
import { INTERVALS } from "../domain/interval.ts";
import { Problem } from "../domain/problem.ts";
import { type QueryPlan, planQuery } from "./plan.ts";
import type { PlanInput } from "./plan-input.ts";
import { seriesValues } from "./refusal.ts";
import { valuesInFlight } from "./values-in-flight.ts";

test.each([
  ["a raw day of a point", 1, 1, "raw", 4_340],
  ["a week of ten points by the minute", 10, 7, "1min", 303_200],
  ["a year of a point by the hour", 1, 365, "1hr", 21_204],
  ["a year of a hundred points by the hour", 100, 365, "1hr", 1_338_000],
  ["a year of a hundred points by the day", 100, 365, "1day", 498_500],
] as const)("%s: as many values as it holds", (_, count, days, interval, values) => {
  expect(valuesInFlight(query(days * DAY, { points: points(count), interval }))).toBe(values);
});

/** Counts what a plan reads, and its answer. */
function plannedValues({ interval, blocks, range, points: all }: QueryPlan): number {
  const answer = all.reduce((sum, { cadenceMs }) => sum + seriesValues(range, interval, cadenceMs), 0);
  const samples = blocks.map(({ files }) =>
    files.reduce(
      (sum, { ranges }) => sum + ranges.flatMap(({ groups }) => groups.flatMap((group) => group.points)).length,
      0,
    ),
  );
  return answer + 1_440 * Math.max(0, ...samples);
}

function plannedOrRefused(input: PlanInput): QueryPlan | null {
  try {
    return planQuery(input);
  } catch (error) {
    if (error instanceof Problem) return null;
    throw error;
  }
}

test("no plan holds more than the bound that needs no read", () => {
  const arbitrary = fc.record({
    count: fc.integer({ min: 1, max: 30 }),
    days: fc.integer({ min: 1, max: 60 }),
    interval: fc.constantFrom("auto" as const, ...INTERVALS),
    maxPoints: fc.integer({ min: 1, max: 50_000 }),
    timeZone: fc.constantFrom("UTC", KATHMANDU),
    fill: fc.constantFrom("none" as const, "locf" as const),
  });
  let plans = 0;
  fc.assert(
    fc.property(arbitrary, ({ count, days, ...rest }) => {
      const all = points(count);
      const stored = settled(
        days,
        all.map(({ id }) => id),
      );
      const input = query(days * DAY, { points: all, stored, ...rest });
      const plan = plannedOrRefused(input);
      if (plan === null) return;
      plans++;
      expect(plannedValues(plan)).toBeLessThanOrEqual(valuesInFlight(input));
    }),
    { numRuns: 25 },
  );
  expect(plans).toBeGreaterThan(5);
});
