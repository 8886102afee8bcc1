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
/** three days with a sample every 20 minutes: whole numbers with fractional means, and a constant every other hour */
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
  await world.settle(DAY);
});

async function query(interval: string, name: string) {
  const sql = "SELECT * FROM timeseries_agg WHERE site_name = 'ses_rollups' AND point_name = ?1 AND interval = ?2";
  const { results, meta } = await db.prepare(sql).bind(name, interval).all();
  return { rows: z.array(rowSchema).parse(results), read: meta.rows_read };
}

/** The expected rows of the view for a point, over the days without a file. */
function expected(point: number, interval: "1hr" | "1day") {
  const samples = world.expected(point, { start: START + DAY_MS, end: START + 3 * DAY_MS });
  return naiveBuckets(samples, interval, "UTC").map(({ start, mean, min, max, count }) => {
    const about = { site_name: "ses_rollups", point_name: world.names[point], interval, timestamp: start / 1000 };
    return { ...about, avg_value: expect.closeTo(mean, 9), min_value: min, max_value: max, sample_count: count };
  });
}

test.each(["1hr", "1day"] as const)("%s: the days without a file", async (interval) => {
  const { rows, read } = await query(interval, "a");
  expect(rows).toEqual(expected(0, interval));
  // the point's own samples, some repeatedly, and no others
  expect(read).toBeLessThan(3_000);
});

test("a late sample changes only an open day, at once", async () => {
  await world.sync([[1, START + DAY_MS + 5 * HOUR_MS + 1, 3]]);
  await world.sync([[1, START + 5 * HOUR_MS + 1, 3]]);
  for (const interval of ["1hr", "1day"] as const) {
    expect((await query(interval, "b")).rows).toEqual(expected(1, interval));
  }
});
