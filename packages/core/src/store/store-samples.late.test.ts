import { beforeAll, beforeEach, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { newSite, pointSamples } from "../../test/points.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { addMissingSamples, upsertSamples } from "./upsert.ts";

const HOUR = Date.parse("2025-10-12T14:00:00Z");
const DAY = Math.floor(HOUR / 86_400_000);

let db: D1Database;
let siteId: number;
beforeAll(async () => {
  db = await migratedDatabase();
  siteId = await newSite(db, "ses_late");
  const other = await newSite(db, "ses_other");
  const insert = `INSERT INTO points (id, site_id, name, tags, source, configured) VALUES (?1, ?2, ?1, '{}', 'catalog', 1)`;
  await db.batch([
    db.prepare(insert).bind(1, siteId),
    db.prepare(insert).bind(2, siteId),
    db.prepare(insert).bind(3, other),
  ]);
});
beforeEach(() => db.exec("DELETE FROM sample_hours; DELETE FROM sync_state; DELETE FROM late_samples"));

async function passedBy(watermark: number, watchedFrom: number | null = 1): Promise<void> {
  const insert =
    "INSERT OR REPLACE INTO sync_state (site_id, watermark, watched_from, updated_at) VALUES (?1, ?2, ?3, 1)";
  await db.prepare(insert).bind(siteId, watermark, watchedFrom).run();
}
const late = async () =>
  (await db.prepare("SELECT point_day, samples FROM late_samples ORDER BY point_day").raw()).map(([key, n]) => [
    Number(key) >> 16,
    Number(key) & 65_535,
    n,
  ]);
const at = (point: number, minute: number, value = 1) => [point, HOUR + minute * 60_000, value] as const;

test("new samples of an hour that the watermark has passed by more than an hour are late, once", async () => {
  await passedBy(HOUR + 2 * HOUR_MS);
  await upsertSamples(db, pointSamples([at(1, 0), at(2, 0)]));
  expect(await late()).toEqual([]);
  await passedBy(HOUR + 2 * HOUR_MS + 1);
  const rows = pointSamples([at(1, 0, 7), at(1, 1), at(1, 2), at(1, 61), at(2, 0), at(3, 5)]);
  // of the next hour none is, nor of a site that no sync has passed
  await upsertSamples(db, rows);
  expect(await late()).toEqual([[1, DAY, 2]]);
  await upsertSamples(db, rows);
  expect(await late()).toEqual([[1, DAY, 2]]);
  await addMissingSamples(db, pointSamples([at(1, 1, 9), at(2, 9)]), []);
  expect(await late()).toEqual([
    [1, DAY, 2],
    [2, DAY, 1],
  ]);
});

test("nothing is counted before the count began, nor where the clock says that it cannot be", async () => {
  await passedBy(HOUR + 9 * HOUR_MS, null);
  await upsertSamples(db, pointSamples([at(1, 0)]));
  await passedBy(HOUR + 9 * HOUR_MS);
  await upsertSamples(db, pointSamples([at(1, 1)]), [], undefined, () => HOUR + 2 * HOUR_MS);
  expect(await late()).toEqual([]);
  await upsertSamples(db, pointSamples([at(1, 2)]), [], undefined, () => HOUR + 2 * HOUR_MS + 1);
  expect(await late()).toEqual([[1, DAY, 1]]);
});
