import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import { insertPointDays } from "../../test/block-days.ts";
import { interceptedBucket } from "../../test/intercepted-bucket.ts";
import { interceptedDatabase } from "../d1/intercepted-database.ts";
import { migratedDatabase } from "../../test/database.ts";
import { RollupWorld } from "../../test/rollup-world.ts";
import { DAY_MS, dayStart } from "../domain/day.ts";
import { hourAggregates } from "../rollups/hour-aggregates.ts";
import { encodeSlice } from "../rollups/hour-slice.ts";

const POINTS = 100;
const DAYS = 366;
const FIRST = 20_089;
/** 19 days of the year are hot and rolled up, the others are in files */
const FILES = DAYS - 19;

let db: D1Database;
let world: RollupWorld;
beforeAll(async () => {
  db = await migratedDatabase();
  const names = Array.from({ length: POINTS }, (_, i) => `p${String(i).padStart(3, "0")}`);
  world = await RollupWorld.create(db, env.TIMESERIES, names);
  const times = Float64Array.from({ length: 288 }, (_, i) => dayStart(FIRST) + i * 300_000);
  const values = times.map((_, i) => 20 + Math.round(50 * Math.sin(i / 9)) / 10);
  const hours = hourAggregates({ times, values }, FIRST);
  const extent = { offset: 4, timeBytes: 900, nameBytes: 900, valueBytes: 900, rows: 2_304, crc32: 1 };
  const settled = encodeSlice({ hours, locator: { group: extent, firstRow: 288, rows: 288 } });
  const hot = encodeSlice({ hours, locator: null });
  const days = `WITH RECURSIVE n (day) AS (SELECT ${FIRST} UNION ALL SELECT day + 1 FROM n WHERE day < ${FIRST + DAYS - 1})`;
  await db.batch([
    db
      .prepare(
        `${days} INSERT INTO day_files
         (site_id, day, state, key, etag, sha256, bytes, rows, points, source, build, generation, updated_at)
         SELECT ?1, day, 'written', 'k' || day, 'e', '', 1, 1, 1, 'api', 'b', 1, 0 FROM n WHERE day < ?2`,
      )
      .bind(world.site.id, FIRST + FILES),
    db
      .prepare(
        `${days}, h (hour) AS (SELECT 0 UNION ALL SELECT hour + 1 FROM h WHERE hour < 23)
         INSERT INTO hot_hours (site_id, hour, first_stamp, version, rolled_up_version)
         SELECT ?1, day * 86400000 + hour * 3600000, 7, 7, 7 FROM n CROSS JOIN h WHERE day >= ?2`,
      )
      .bind(world.site.id, FIRST + FILES),
  ]);
  for (let day = FIRST; day < FIRST + DAYS; day++) {
    const isHot = day >= FIRST + FILES;
    const stored = { slice: isHot ? hot : settled, rows: isHot ? null : 288 };
    await insertPointDays(
      db,
      day,
      world.ids.map((pointId) => ({ pointId, ...stored })),
    );
  }
});

/** The calls of an answer: calls to D1 (each one round trip), statements, and calls to R2. */
async function costOf(points: number, interval: "1hr" | "1day", timeZone: string) {
  const cost = { calls: 0, statements: 0, requests: 0 };
  const metered = interceptedDatabase(db, async (execute, statements) => {
    cost.calls++;
    cost.statements += statements;
    return execute();
  });
  const bucket = interceptedBucket(env.TIMESERIES, async (execute) => {
    cost.requests++;
    return execute();
  });
  const range = { start: dayStart(FIRST), end: dayStart(FIRST) + DAYS * DAY_MS };
  const places = Array.from({ length: points }, (_, i) => i);
  const { plan, answer } = await world.ask({ points: places, range, interval, timeZone }, metered, bucket);
  expect(plan.computedFrom).toBe("hours");
  expect(answer.samples).toBe(points * DAYS * 288);
  expect(answer.cold.samples).toBe(points * FILES * 288);
  expect(answer.completeness).toMatchObject({ present: points * DAYS * 72, expected: points * DAYS * 72, missing: [] });
  return { ...cost, values: answer.series.reduce((sum, { times }) => sum + times.length, 0) };
}

describe.each(["UTC", "America/New_York"])("a year in %s", (timeZone) => {
  test.each(["1hr", "1day"] as const)("of 1 point at %s: one round trip to D1, none to R2", async (interval) => {
    const cost = await costOf(1, interval, timeZone);
    expect(cost).toMatchObject({ calls: 1, statements: 4, requests: 0 });
    expect(cost.values).toBeGreaterThanOrEqual(interval === "1hr" ? DAYS * 24 : DAYS);
  });
});

test.each([
  [100, "1day"],
  [50, "1hr"],
] as const)(
  "a year of %i points at %s: a round trip per ten points, none to R2",
  async (points, interval) => {
    const cost = await costOf(points, interval, "America/New_York");
    expect(cost.requests).toBe(0);
    expect(cost.calls).toBeLessThanOrEqual(1 + points / 10);
  },
  30_000,
);
