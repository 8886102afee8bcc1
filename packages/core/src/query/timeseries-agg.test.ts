import { env } from "cloudflare:workers";
import { beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { migratedDatabase } from "../../test/database.ts";
import { naiveBuckets } from "../../test/naive-buckets.ts";
import type { Sample } from "../../test/points.ts";
import { RollupWorld } from "../../test/rollup-world.ts";
import { DAY_MS, dayStart } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";

const DAY = 20_373;
const START = dayStart(DAY);
/** three days of a sample each 20 minutes: whole numbers, whose mean is none, and a constant in one hour of two */
const SAMPLES = Array.from({ length: 432 }, (_, i): Sample => {
  const n = i >> 1;
  return [i % 2, START + n * 20 * 60_000, Math.floor(n / 3) % 2 === 0 ? 7 : n];
});

const rowSchema = z.strictObject({
  site_name: z.literal("ses_rollups"),
  point_name: z.string(),
  interval: z.enum(["1hr", "1day"]),
  timestamp: z.int(),
  avg_value: z.number(),
  min_value: z.number(),
  max_value: z.number(),
  sample_count: z.int(),
});

let db: D1Database;
let world: RollupWorld;
beforeAll(async () => {
  db = await migratedDatabase();
  world = await RollupWorld.create(db, env.TIMESERIES, ["a", "b", ...Array.from({ length: 50 }, (_, i) => `p${i}`)]);
  await world.sync(SAMPLES);
  await world.sync(Array.from({ length: 50 }, (_, i): Sample => [i + 2, START, 1]));
  await world.fold(START + 3 * DAY_MS);
  await world.archive(DAY);
});

async function query(interval: string, name: string) {
  const sql = "SELECT * FROM timeseries_agg WHERE site_name = 'ses_rollups' AND point_name = ?1 AND interval = ?2";
  const { results, meta } = await db.prepare(sql).bind(name, interval).all();
  return { rows: z.array(rowSchema).parse(results), read: meta.rows_read };
}

/** What the view must show of a point, less what lies in [start, end). */
function expected(point: number, interval: "1hr" | "1day", without: readonly [number, number] = [0, 0]) {
  const samples = world.expected(point, { start: START, end: START + 3 * DAY_MS });
  return naiveBuckets(samples, interval, "UTC")
    .filter(({ start }) => start < without[0] || start >= without[1])
    .map(({ start, mean, min, max, count }) => {
      const about = { site_name: "ses_rollups", point_name: world.names[point], interval, timestamp: start / 1000 };
      return { ...about, avg_value: expect.closeTo(mean, 9), min_value: min, max_value: max, sample_count: count };
    });
}

test.each(["1hr", "1day"] as const)("%s: hot and archived days, as they are folded", async (interval) => {
  const { rows, read } = await query(interval, "a");
  expect(rows).toEqual(expected(0, interval));
  // its own three rows and the look-ups of their hours, not those of the other points
  expect(read).toBeLessThan(400);
});

test("an hour that is not folded is absent, and so is its day", async () => {
  const hour = START + DAY_MS + 5 * HOUR_MS;
  await world.sync([[1, hour + 1, 3]]);
  expect((await query("1hr", "b")).rows).toEqual(expected(1, "1hr", [hour, hour + HOUR_MS]));
  expect((await query("1day", "b")).rows).toEqual(expected(1, "1day", [START + DAY_MS, START + 2 * DAY_MS]));
  await world.fold(START + 3 * DAY_MS);
  expect((await query("1day", "b")).rows).toEqual(expected(1, "1day"));
});
