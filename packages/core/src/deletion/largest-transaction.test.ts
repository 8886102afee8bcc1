import { env } from "cloudflare:workers";
import { beforeAll, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { meteredDatabase } from "../../test/metered-database.ts";
import { packDays } from "../../test/pack-days.ts";
import { described, newSite, pointSamples } from "../../test/points.ts";
import { keysOf } from "../../test/stored-day.ts";
import { loadCatalog } from "../catalog/catalog.ts";
import { replaceCatalog } from "../catalog/replace-catalog.ts";
import { seenRanges, storeSeen } from "../catalog/seen.ts";
import { settleFromSegments } from "../day-build/settle-from-segments.ts";
import { rollUpHours } from "../day-build/roll-up-hours.ts";
import { interceptedDatabase } from "../d1/intercepted-database.ts";
import { DAY_MS, dayRange } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { beginSite } from "../gaps/gap-sites.ts";
import { readDueGaps } from "../gaps/gap-store.ts";
import { notePointInquiries as notePoints } from "../gaps/point-inquiries.ts";
import { beginFilling, noteInquiries } from "../gaps/write-gaps.ts";
import { readSeries } from "../store/read-segments.ts";
import { storeSamples } from "../store/store-samples.ts";
import { deletePoint, deleteRange, deleteSite } from "./delete-samples.ts";

const POINTS = 4_583;
/** Settling a day in one transaction took 119,000 rows. */
const MOST_ROWS = 1_000;
const DAY = 20_373;
const { start: START, end: END } = dayRange(DAY);
const NOW = END + 2 * HOUR_MS;
const OPEN_DAY = DAY + 1;

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
});

/** Adds the segments of a day of five-minute syncs, with one sample each. @returns their number */
async function addSegments(siteId: number, day: number): Promise<number> {
  const add = `
WITH RECURSIVE syncs (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM syncs WHERE n < 288)
INSERT INTO segments (key, asked, first, last, body)
SELECT (((id >> 7 << 16) + ?2) << 24) + 1000 + n, n, n, n, jsonb('{"' || min(id) || '":{"' || n || '":1}}')
FROM points CROSS JOIN syncs WHERE site_id = ?1 GROUP BY id >> 7, n`;
  const [added] = await db.batch([
    db.prepare(add).bind(siteId, day),
    db.prepare("UPDATE site_clocks SET stamp = 2000 WHERE site_id = ?1").bind(siteId),
    db
      .prepare(
        `INSERT INTO hot_hours (site_id, hour, first_stamp, version) VALUES (?1, ?2, 1, 2000)
         ON CONFLICT (site_id, hour) DO UPDATE SET first_stamp = 1, version = 2000`,
      )
      .bind(siteId, day * DAY_MS),
  ]);
  return added!.meta.changes;
}

/** Adds an open gap for each point. */
async function addGaps(siteId: number, ids: readonly number[]): Promise<void> {
  await beginSite(db, siteId, DAY);
  await db
    .prepare(
      `INSERT INTO gaps (site_id, start, point_id, end, state, cause, detected_at, next_attempt_at)
       SELECT ?1, ?2, value, ?3, 'open', 'point_silent', ?3, ?3 FROM json_each(?4)`,
    )
    .bind(siteId, START, START + HOUR_MS, JSON.stringify(ids))
    .run();
}

const count = (table: string) => db.prepare(`SELECT count(*) AS n FROM ${table}`).first<number>("n");

test("no transaction for 4,583 points changes more than 1,000 rows", async () => {
  const largest = new Map<string, { rows: number; query: string }>();
  let doing = "";
  const metered = meteredDatabase(db, ({ rows, queries }) => {
    if (rows > (largest.get(doing)?.rows ?? 0)) largest.set(doing, { rows, query: queries.join("; ").slice(0, 500) });
  });
  const site = { id: await newSite(db, "ses_largest"), name: "ses_largest" };
  const bucket = env.TIMESERIES;
  const now = () => NOW;
  const newBuild = () => crypto.randomUUID();
  const context = { db: metered, bucket, hotDays: 20, kv: env.ETL_STATE, now, newBuild };
  const during = async <T>(job: string, act: () => Promise<T>): Promise<T> => {
    doing = job;
    return act();
  };
  const list = async (unit: string, at: number) => {
    const points = Array.from({ length: POINTS }, (_, i) => described(`p/${i}`, { unit, unitRaw: unit }));
    return replaceCatalog(metered, site.id, await loadCatalog(db, site.id), points, at);
  };
  await during("the first list", () => list("°F", START));
  await during("a list of other units", () => list("°C", START + 1));
  const points = new Map([...(await loadCatalog(db, site.id)).values()].map((point) => [point.id, point]));
  const ids = [...points.keys()];
  await during("the first sync", () => {
    const samples = pointSamples(ids.flatMap((id) => [[id, START + HOUR_MS, id] as const, [id, END - 1, 2] as const]));
    return storeSeen(metered, seenRanges(samples, points), (seen) =>
      storeSamples({ db: metered, siteId: site.id, now }, samples, 1, seen),
    );
  });
  await during("the hourly rollup", () => rollUpHours(metered, site.id, 0, now));
  await during("a day's file", () => settleFromSegments(context, { build: "first", site, day: DAY }));
  await during("packing a month", () => packDays(metered, site.id, ids, { first: DAY, last: DAY }));
  await addGaps(site.id, ids);
  const gaps = () => readDueGaps(db, site.id, NOW);
  const filling = (await gaps()).map((gap) => ({ gap, from: gap.start }));
  expect(await during("storing gaps to fill", () => beginFilling(metered, site.id, filling))).toBe(true);
  const inquired = (await gaps()).map((gap) => {
    return { gap: { ...gap, attempts: 1, nextAttemptAt: END, filledTo: null }, filledDays: [DAY] };
  });
  await during("storing the results of gap requests", () => noteInquiries(metered, site.id, inquired));
  expect(await gaps()).toMatchObject(Array.from(ids, () => ({ attempts: 1, filledTo: null })));
  const silent = ids.map((pointId) => ({ pointId, attempts: 1, nextAt: END }));
  await during("storing silent points", () => notePoints(metered, silent));
  expect(await count("point_inquiries")).toBe(POINTS);

  expect(await addSegments(site.id, OPEN_DAY)).toBeGreaterThan(10_000);
  const [id] = ids;
  await during("deleting a point", () => deletePoint(context, site, { id: id!, name: "p/0" }, 0));

  // the process dies after the transaction that deletes a day: readers skip the rest, and a repeat deletes it
  const range = { first: OPEN_DAY, last: OPEN_DAY };
  let sweeps = 0;
  const dying = interceptedDatabase(db, async (execute, _, queries) => {
    if (queries.some((query) => query.startsWith("\nDELETE FROM segments")) && sweeps++ === 3) throw new Error("died");
    return execute();
  });
  const stored = async () => {
    const series = await readSeries(db, site.id, ids.slice(1, 1_000), dayRange(OPEN_DAY));
    return [...series.values()].reduce((sum, { times }) => sum + times.length, 0);
  };
  expect(await stored()).toBeGreaterThan(1_000);
  await expect(deleteRange({ ...context, db: dying }, site, range)).rejects.toThrow("died");
  expect(await stored()).toBe(0);
  expect(await count("segments")).toBeGreaterThan(5_000);
  await during("deleting a day", () => deleteRange(context, site, range));
  expect(await count("segments")).toBe(0);

  await during("deleting a site", () => deleteSite(context, site, 0));
  const tables = ["points", "kept_groups", "block_days", "point_months", "month_files"];
  expect(await Promise.all(tables.map(count))).toEqual(tables.map(() => 0));
  expect(await keysOf(bucket, "")).toEqual([]);

  expect(largest.size).toBe(12);
  for (const [job, { rows, query }] of largest) expect(rows, `${job}: ${query}`).toBeLessThanOrEqual(MOST_ROWS);
});
