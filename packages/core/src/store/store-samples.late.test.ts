import { beforeAll, beforeEach, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { newSite, pointSamples, type Sample } from "../../test/points.ts";
import { emptyStore } from "../../test/naive-store.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { forgetLateDay, forgetLatePoint } from "./late-samples.ts";
import { addMissingSamples, storeSamples } from "./store-samples.ts";

const HOUR = Date.parse("2025-10-12T14:00:00Z");
const DAY = Math.floor(HOUR / 86_400_000);

let db: D1Database;
let siteId: number;
let otherSite: number;
beforeAll(async () => {
  db = await migratedDatabase();
  siteId = await newSite(db, "ses_late");
  otherSite = await newSite(db, "ses_other");
  const insert = `INSERT INTO points (id, site_id, name, tags, source, configured) VALUES (?1, ?2, ?1, '{}', 'catalog', 1)`;
  await db.batch([
    db.prepare(insert).bind(1, siteId),
    db.prepare(insert).bind(2, siteId),
    db.prepare(insert).bind(128, otherSite),
  ]);
});
beforeEach(() => emptyStore(db));

/** Stores samples of a site, each time with a later request. */
let asked = 0;
const store = (site: number, rows: readonly Sample[], now: () => number = Date.now) =>
  storeSamples({ db, siteId: site, now }, pointSamples(rows), ++asked);

async function passedBy(watermark: number, watchedFrom: number | null = 1): Promise<void> {
  const insert =
    "INSERT OR REPLACE INTO sync_state (site_id, watermark, watched_from, updated_at) VALUES (?1, ?2, ?3, 1)";
  await db.prepare(insert).bind(siteId, watermark, watchedFrom).run();
}
const late = async () =>
  (
    await db
      .prepare(
        `SELECT CAST(e.key AS INTEGER), l.block_day & 65535, e.value FROM late_samples l, json_each(l.samples) e
         WHERE CAST(e.key AS INTEGER) >> 7 = l.block_day >> 16 ORDER BY 1, 2`,
      )
      .raw()
  ).map((row) => row.map(Number));
const at = (point: number, minute: number, value = 1) => [point, HOUR + minute * 60_000, value] as const;

test("samples of an hour are late, once, an hour after the watermark passed it", async () => {
  await passedBy(HOUR + 2 * HOUR_MS);
  await store(siteId, [at(1, 0), at(2, 0)]);
  expect(await late()).toEqual([]);
  await passedBy(HOUR + 2 * HOUR_MS + 1);
  // Samples of the next hour are not late, and neither are those of a site without a sync.
  const rows = [at(1, 0, 7), at(1, 1), at(1, 2), at(1, 61), at(2, 0)];
  await store(siteId, rows);
  await store(otherSite, [at(128, 5)]);
  expect(await late()).toEqual([[1, DAY, 2]]);
  await store(siteId, rows);
  expect(await late()).toEqual([[1, DAY, 2]]);
  const missing = pointSamples([at(1, 1, 9), at(2, 9)]);
  await addMissingSamples({ db, siteId, now: Date.now }, missing, 0, []);
  expect(await late()).toEqual([
    [1, DAY, 2],
    [2, DAY, 1],
  ]);
});

test("no sample is late before counting began, or if the clock excludes it", async () => {
  await passedBy(HOUR + 9 * HOUR_MS, null);
  await store(siteId, [at(1, 0)]);
  await passedBy(HOUR + 9 * HOUR_MS);
  await store(siteId, [at(1, 1)], () => HOUR + 2 * HOUR_MS);
  expect(await late()).toEqual([]);
  await store(siteId, [at(1, 2)], () => HOUR + 2 * HOUR_MS + 1);
  expect(await late()).toEqual([[1, DAY, 1]]);
});

test("a block's late samples are one row a day, deleted by point", async () => {
  await passedBy(HOUR + 9 * HOUR_MS);
  await store(siteId, [at(1, 0), at(2, 0), at(2, 24 * 60)]);
  await store(siteId, [at(1, 1), at(2, 1)]);
  const rows = () => db.prepare("SELECT count(*) AS n FROM late_samples").first("n");
  expect(await rows()).toBe(1);
  expect(await late()).toEqual([
    [1, DAY, 2],
    [2, DAY, 2],
  ]);
  await forgetLatePoint(db, 1, 9).run();
  expect(await late()).toEqual([[2, DAY, 2]]);
  await db.batch([forgetLateDay(db, siteId, DAY)]);
  expect(await rows()).toBe(0);
});
