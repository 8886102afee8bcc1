import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { HOURLY_INTERVALS, type NaiveBucket, naiveBuckets } from "../../test/naive-buckets.ts";
import type { Sample } from "../../test/points.ts";
import { RollupWorld } from "../../test/rollup-world.ts";
import { DAY_MS, dayStart } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import type { QueriedSeries } from "./execute.ts";

/** Days around a clock change of each zone, and whether its buckets then consist of UTC hours. */
const ZONES = [
  ["America/New_York", "2025-11-01", true],
  ["Europe/London", "2025-10-25", true],
  ["America/Sao_Paulo", "2018-11-03", true],
  ["Antarctica/Troll", "2025-10-25", true],
  ["Pacific/Apia", "2011-12-29", true],
  ["UTC", "2025-10-12", true],
  ["Asia/Kolkata", "2025-10-12", false],
  ["Asia/Kathmandu", "2025-10-12", false],
  ["Australia/Lord_Howe", "2025-10-04", false],
  ["Pacific/Chatham", "2025-09-26", false],
] as const;
const DAYS = 4;
const NAMES = ["a/b", "B", "ü"];

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
});

const value = fc.oneof(
  { weight: 8, arbitrary: fc.double({ min: -50, max: 50, noNaN: true }) },
  fc.constantFrom(0, -0, 21, 25.517500000000002, 1e-9, 5e-324),
  fc.constantFrom(1.7e308, -1.7e308),
);
/** offsets into the world's days; few, so that late samples replace others */
const offset = fc.oneof(
  fc.tuple(fc.nat(DAYS * 24 - 1), fc.constantFrom(0, 1, 600_000, HOUR_MS - 1)).map(([hour, ms]) => hour * HOUR_MS + ms),
  fc.nat(DAYS * DAY_MS - 1),
);
const samples = fc.array(fc.tuple(fc.nat(NAMES.length - 1), offset, value), {
  minLength: 1,
  maxLength: 25,
  size: "max",
});
const day = fc.nat(DAYS - 1);
const operation = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("sync" as const), samples }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("roll up" as const), hours: fc.nat(DAYS * 24) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("settle" as const), day }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("backfill" as const), day, samples }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("import" as const), day }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("pack" as const), day }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("rebuild" as const), hours: fc.nat(DAYS * 24) }) },
);
const bound = fc.oneof(
  fc.nat(DAYS * 24).map((hour) => hour * HOUR_MS),
  fc.nat(DAYS).map((n) => n * DAY_MS),
  fc.nat(DAYS * DAY_MS),
);
const question = fc.record({
  from: bound,
  to: bound,
  interval: fc.constantFrom(...HOURLY_INTERVALS),
  other: fc.constantFrom(...ZONES),
  points: fc.shuffledSubarray([0, 1, 2], { minLength: 1 }),
});
const history = fc.array(fc.tuple(operation, question), { minLength: 5, maxLength: 12, size: "max" });

function bucketsOf({ times, values, min, max, count }: QueriedSeries): NaiveBucket[] {
  return Array.from(times, (start, i) => {
    return { start, count: count![i]!, min: min![i]!, max: max![i]!, mean: values[i]!, tolerance: 0 };
  });
}

function expectBuckets(actual: readonly NaiveBucket[], expected: readonly NaiveBucket[]): void {
  const exact = (buckets: readonly NaiveBucket[]) =>
    buckets.map(({ start, count, min, max }) => [start, count, min, max]);
  expect(exact(actual)).toEqual(exact(expected));
  for (const [i, { mean, tolerance, min, max }] of expected.entries()) {
    const given = actual[i]!.mean;
    expect(Math.abs(given - mean)).toBeLessThanOrEqual(tolerance);
    expect(given >= min && given <= max).toBe(true);
  }
}

test("after any history, answers equal the samples', and rollups a rebuild", async () => {
  const seen = { rolledUp: 0, settled: 0, packed: 0, hours: 0, samples: 0, partOfHour: 0, fromRollups: 0 };
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...ZONES), history, async ([zone, first, isOfHours], steps) => {
      const world = await RollupWorld.create(db, env.TIMESERIES, NAMES);
      const start = Date.parse(first);
      const firstDay = start / DAY_MS;
      const at = (rows: readonly Sample[]): Sample[] => rows.map(([point, ms, drawn]) => [point, start + ms, drawn]);
      for (const [operate, { from, to, interval, other, points }] of steps) {
        switch (operate.kind) {
          case "sync":
            await world.sync(at(operate.samples));
            break;
          case "roll up": {
            const { rolledUp } = await world.rollUp(start + operate.hours * HOUR_MS);
            seen.rolledUp += rolledUp;
            break;
          }
          case "settle":
            if ((await world.settle(firstDay + operate.day)) === "settled") seen.settled++;
            break;
          case "backfill": {
            const range = { start: dayStart(firstDay + operate.day), end: dayStart(firstDay + operate.day + 1) };
            const ofDay = at(operate.samples).filter(([, time]) => time >= range.start && time < range.end);
            // one value per point and time, as in a page
            const rows = [...new Map(ofDay.map((sample) => [`${sample[0]} ${sample[1]}`, sample])).values()];
            if (rows.length > 0) await world.backfill(firstDay + operate.day, rows);
            break;
          }
          case "import":
            await world.importToD1(firstDay + operate.day);
            break;
          case "pack":
            await world.settle(firstDay + operate.day);
            seen.packed += (await world.pack(firstDay, firstDay + DAYS - 1)).length;
            break;
          case "rebuild": {
            const now = start + operate.hours * HOUR_MS;
            await world.rollUp(now);
            const { rowsChanged, skipped } = await world.rebuild(firstDay, firstDay + DAYS - 1, now);
            expect({ rowsChanged, skipped }).toEqual({ rowsChanged: 0, skipped: [] });
            break;
          }
          default:
            throw new Error(String(operate satisfies never));
        }
        for (const timeZone of [zone, other[0]]) {
          const range = { start: start + Math.min(from, to), end: start + Math.max(from, to) + (from === to ? 1 : 0) };
          const { plan, answer } = await world.ask({ points, range, interval, timeZone });
          // Lord Howe is whole hours from UTC for a part of the year.
          if (timeZone === zone && isOfHours) expect(plan.computedFrom).toBe("hours");
          if (timeZone.startsWith("Asia/")) expect(plan.computedFrom).toBe("samples");
          seen[plan.computedFrom]++;
          let total = 0;
          for (const [i, point] of points.entries()) {
            const expected = world.expected(point, range);
            total += expected.length;
            expectBuckets(bucketsOf(answer.series[i]!), naiveBuckets(expected, interval, timeZone));
          }
          expect(answer.samples).toBe(total);
          expect(answer.hot.samples + answer.cold.samples).toBe(total);
          expect(answer.partial).toBe(false);
          if (plan.computedFrom === "hours" && total > 0 && answer.cold.requests === 0 && answer.hot.statements === 0) {
            seen.fromRollups++;
          }
          if (range.start % HOUR_MS !== 0) seen.partOfHour++;
        }
      }
    }),
    // Shrinking such a history takes minutes.
    { numRuns: 40, endOnFailure: true },
  );
  // The histories cover all cases.
  expect(seen.rolledUp).toBeGreaterThan(100);
  expect(seen.settled).toBeGreaterThan(0);
  expect(seen.packed).toBeGreaterThan(10);
  expect(seen.fromRollups).toBeGreaterThan(0);
  expect(Math.min(seen.hours, seen.samples, seen.partOfHour)).toBeGreaterThan(20);
});
