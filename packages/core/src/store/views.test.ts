import fc from "fast-check";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { migratedDatabase } from "../../test/database.ts";
import { allSegments, emptyStore, NaiveStore, samplesOf, siteWithPoints } from "../../test/naive-store.ts";
import { pointSamples, type Sample } from "../../test/points.ts";
import { DAY_MS } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { storeSamples } from "./store-samples.ts";

const DAY = 20_373 * DAY_MS;
const SITES = new Map([
  [1, Array.from({ length: 50 }, (_, i) => 1 + i)],
  [2, [128, 129]],
]);
const POINTS = [...SITES].flatMap(([siteId, ids]) => ids.slice(0, 2).map((id) => ({ siteId, id })));

const rowSchema = z.strictObject({
  site_name: z.string(),
  point_name: z.string(),
  timestamp: z.int(),
  value: z.number(),
  timestamp_utc: z.string().optional(),
});
type Row = z.infer<typeof rowSchema>;

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
  for (const [siteId, ids] of SITES) await siteWithPoints(db, siteId, ids);
});
beforeEach(() => emptyStore(db));

const store = (siteId: number, samples: readonly Sample[], asked: number) =>
  storeSamples({ db, siteId, now: () => DAY }, pointSamples(samples), asked);

async function query(sql: string, ...bound: unknown[]) {
  const result = await db
    .prepare(sql)
    .bind(...bound)
    .all();
  return { rows: z.array(rowSchema).parse(result.results), rowsRead: result.meta.rows_read };
}

/** A sample as timeseries_raw shows it. */
const viewRow = (siteId: number, id: number, time: number, value: number): Row => ({
  site_name: `ses_${siteId}`,
  point_name: `p${id}`,
  timestamp: Math.floor(time / 1_000),
  value,
});

const sortRows = (rows: readonly Row[]) =>
  rows.toSorted((a, b) => a.point_name.localeCompare(b.point_name) || a.timestamp - b.timestamp || a.value - b.value);

// Values of few digits, which SQL converts exactly.
const quarters = fc.integer({ min: -4_000, max: 4_000 }).map((n) => n / 4);
const offset = fc
  .tuple(fc.constantFrom(0, 1, 30), fc.constantFrom(0, 1, 999, 1_000, 60_055, HOUR_MS - 1))
  .map(([hour, ms]) => hour * HOUR_MS + ms);
const batch = fc.constantFrom(1, 1, 2).chain((siteId) =>
  fc.record({
    siteId: fc.constant(siteId),
    samples: fc.array(
      fc.tuple(
        fc.constantFrom(...SITES.get(siteId)!.slice(0, 2)),
        offset.map((ms) => DAY + ms),
        quarters,
      ),
      { maxLength: 8, size: "max" },
    ),
    asked: fc.constantFrom(0, 10, 20),
  }),
);
const history = fc.array(batch, { minLength: 1, maxLength: 4, size: "max" });

test.each(["timeseries_raw", "v_latest_values"])("%s of an empty database has no rows", async (view) => {
  expect((await query(`SELECT * FROM ${view}`)).rows).toEqual([]);
});

test("timeseries_raw equals the samples that are in no day file", async () => {
  let shown = 0;
  let settled = 0;
  await fc.assert(
    fc
      .asyncProperty(history, fc.nat({ max: 2 }), fc.tuple(offset, offset), async (batches, stamp, range) => {
        for (const { siteId, samples, asked } of batches) await store(siteId, samples, asked);
        await db
          .prepare(
            "INSERT INTO day_files (site_id, day, state, updated_at, settled_stamp) VALUES (1, ?1, 'written', 1, ?2)",
          )
          .bind(DAY / DAY_MS, stamp)
          .run();
        const all = await allSegments(db);
        const open = all.filter(
          (segment) => segment.block !== 0 || segment.day !== DAY / DAY_MS || segment.stamp > stamp,
        );
        settled += all.length - open.length;
        const naive = new NaiveStore(samplesOf(open));
        const rowsOf = ({ siteId, id }: { siteId: number; id: number }, start = 0, end = Infinity) =>
          naive.series(id, start, end).map(([time, value]) => viewRow(siteId, id, time, value));
        const { rows } = await query("SELECT * FROM timeseries_raw");
        expect(sortRows(rows)).toEqual(sortRows(POINTS.flatMap((point) => rowsOf(point))));
        shown += rows.length;

        const [start, end] = range.map((ms) => Math.floor((DAY + ms) / 1_000)).toSorted((a, b) => a - b);
        const asked = await query(
          "SELECT * FROM timeseries_raw WHERE site_name = 'ses_1' AND point_name = 'p1' AND timestamp >= ? AND timestamp < ?",
          start,
          end,
        );
        expect(sortRows(asked.rows)).toEqual(sortRows(rowsOf({ siteId: 1, id: 1 }, start! * 1_000, end! * 1_000)));
      })
      .beforeEach(() => emptyStore(db)),
    { numRuns: 30 },
  );
  expect(shown).toBeGreaterThan(50);
  expect(settled).toBeGreaterThan(2);
});

test("v_latest_values equals each point's newest sample; a point without samples is absent", async () => {
  await fc.assert(
    fc
      .asyncProperty(history, async (batches) => {
        const naive = new NaiveStore();
        for (const { siteId, samples, asked } of batches) {
          await store(siteId, samples, asked);
          naive.store(samples, asked);
        }
        const newest = naive.newest();
        const expected = POINTS.flatMap(({ siteId, id }) => {
          const latest = newest.get(id);
          if (latest === undefined) return [];
          const row = viewRow(siteId, id, latest.time, latest.value);
          return [{ ...row, timestamp_utc: new Date(row.timestamp * 1_000).toISOString().replace(".000Z", "Z") }];
        });
        expect(sortRows((await query("SELECT * FROM v_latest_values")).rows)).toEqual(sortRows(expected));
      })
      .beforeEach(() => emptyStore(db)),
    { numRuns: 20 },
  );
});

describe("a damaged row costs only itself:", () => {
  const names = async (view: string) => {
    const { results } = await db.prepare(`SELECT DISTINCT point_name FROM ${view} ORDER BY point_name`).all();
    return z
      .array(z.object({ point_name: z.string() }))
      .parse(results)
      .map((row) => row.point_name);
  };
  beforeEach(async () => {
    await store(1, [[1, DAY, 1]], 1);
    await store(2, [[128, DAY, 1]], 1);
    await db.exec("UPDATE points SET configured = 1, interval_s = 60, first_seen = 1 WHERE id IN (1, 128)");
    const quality = db.prepare(
      `INSERT OR REPLACE INTO block_days (key, places, quality, hours)
       VALUES (((?1 >> 4) << 16) + ?2, jsonb('{}'), jsonb('{"' || ?1 || '":[1,1440,1440,0,0,0,0,0,0]}'), x'')`,
    );
    const judged = db.prepare("INSERT OR REPLACE INTO quality_days VALUES (?1, ?2, 1, NULL, 1, 1, 1)");
    const day = DAY / DAY_MS;
    await db.batch([quality.bind("1", day), quality.bind("128", day), judged.bind(1, day), judged.bind(2, day)]);
  });

  test.each([
    ["timeseries_raw", "UPDATE segments SET body = x'ff' WHERE key >> 40 = 0"],
    ["timeseries_agg", "UPDATE segments SET body = x'ff' WHERE key >> 40 = 0"],
    ["v_latest_values", "UPDATE block_latest SET body = '{' WHERE block = 0"],
    ["data_quality", "UPDATE block_days SET quality = x'ff' WHERE key >> 16 = 0"],
  ])("%s", async (view, damage) => {
    expect(await names(view)).toEqual(["p1", "p128"]);
    await db.exec(damage);
    expect(await names(view)).toEqual(["p128"]);
  });

  test("query_metadata", async () => {
    await db.exec("UPDATE block_days SET quality = x'ff' WHERE key >> 16 = 0");
    const sql =
      "SELECT point_name, total_samples FROM query_metadata WHERE point_name IN ('p1', 'p128') ORDER BY point_name";
    expect((await db.prepare(sql).all()).results).toEqual([
      { point_name: "p1", total_samples: 0 },
      { point_name: "p128", total_samples: 1_440 },
    ]);
  });
});

describe("rows read for one point of 50 stored for 48 hours", () => {
  const HOURS = 48;
  const [FROM, TO] = [DAY / 1_000 + 3_600, DAY / 1_000 + 4 * 3_600];
  beforeEach(async () => {
    for (let hour = 0; hour < HOURS; hour++) {
      await store(
        1,
        SITES.get(1)!.map((id): Sample => [id, DAY + hour * HOUR_MS, hour * 50 + id]),
        hour,
      );
    }
  });

  test("timeseries_raw reads each segment of the point's block a few times", async () => {
    const { rows, rowsRead } = await query(
      "SELECT * FROM timeseries_raw WHERE site_name = 'ses_1' AND point_name = 'p7' AND timestamp >= ? AND timestamp < ?",
      FROM,
      TO,
    );
    expect(rows.map((row) => row.value)).toEqual([57, 107, 157]);
    expect(rowsRead).toBeGreaterThan(0);
    expect(rowsRead).toBeLessThan(HOURS * 5);
  });

  test("v_latest_values reads the block's row", async () => {
    const { rows, rowsRead } = await query(
      "SELECT * FROM v_latest_values WHERE site_name = 'ses_1' AND point_name = 'p7'",
    );
    expect(rows.map((row) => row.value)).toEqual([47 * 50 + 7]);
    expect(rowsRead).toBeGreaterThan(0);
    expect(rowsRead).toBeLessThan(10);
  });
});
