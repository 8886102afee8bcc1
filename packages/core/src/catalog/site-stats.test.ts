import { beforeAll, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { described, newSite, pointSamples, type Sample } from "../../test/points.ts";
import { upsertSamples } from "../../test/store.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { recordSyncRun } from "../sync/journal.ts";
import { emptySiteResult } from "../sync/sync-result.ts";
import { addDiscoveredPoints, loadCatalog } from "./catalog.ts";
import { replaceCatalog } from "./replace-catalog.ts";
import { readSiteStats } from "./site-stats.ts";

const NOW = Date.UTC(2025, 9, 12, 14, 20);
const HOUR = Date.UTC(2025, 9, 12, 14);

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
});

test("statistics of an empty database, and of one with two sites", async () => {
  expect(await readSiteStats(db, ["ses_a"], NOW)).toMatchObject({ hours: { oldest: null, newest: null }, sites: [] });

  const [a, b] = [await newSite(db, "ses_a"), await newSite(db, "ses_b")];
  await replaceCatalog(db, a, new Map(), [described("1"), described("2"), described("3")], 1);
  await replaceCatalog(db, b, new Map(), [described("1")], 1);
  await addDiscoveredPoints(db, a, ["unlisted"]);
  const idsOf = async (siteId: number) => [...(await loadCatalog(db, siteId)).values()].map((point) => point.id);
  const [a1, a2, a3] = await idsOf(a);
  const [b1] = await idsOf(b);
  const ofA = (...rows: Sample[]) => upsertSamples(db, pointSamples(rows));
  // the last closed hour of a has samples in two segments, and a third one after it
  await ofA([a1!, HOUR - 1, 1], [a2!, HOUR - HOUR_MS, 1], [a3!, HOUR - HOUR_MS - 1, 1]);
  await ofA([a1!, HOUR - HOUR_MS, 1]);
  await ofA([a3!, HOUR, 1]);
  await upsertSamples(
    db,
    pointSamples([
      [b1!, HOUR - 1, 1],
      [b1!, HOUR - 50 * HOUR_MS + 7, 1],
    ]),
  );
  const siteIds = new Map([
    ["ses_a", a],
    ["ses_b", b],
  ]);
  for (const startedAt of [NOW - 24 * HOUR_MS - 1, NOW - 24 * HOUR_MS, NOW]) {
    const sites = ["ses_a", "ses_b"].map((site) => ({
      ...emptySiteResult(site),
      recordsInserted: site === "ses_a" ? 100 : 7,
    }));
    const startTime = new Date(startedAt).toISOString();
    const run = { syncId: `sync_${startedAt}`, startTime, duration: 1, sitesLeft: 0, sites };
    await recordSyncRun(db, run, siteIds);
  }
  const file = (day: number, state: string, rows: number, bytes: number) =>
    db
      .prepare(
        `INSERT INTO day_files (site_id, day, state, key, etag, sha256, bytes, rows, points, source, build, updated_at)
        VALUES (?1, ?2, ?3, 'k', 'e', 's', ?5, ?4, 1, 'api', 'b', 1)`,
      )
      .bind(a, day, state, rows, bytes);
  await db.batch([file(20_000, "written", 10, 50), file(20_001, "written", 5, 30), file(20_002, "suspect", 7, 7)]);
  const month = (number: number, etag: string | null, bytes: number) =>
    db
      .prepare("INSERT INTO month_files (site_id, month, key, etag, bytes, rows) VALUES (?1, ?2, 'k', ?3, ?4, 1)")
      .bind(a, number, etag, bytes);
  await db.batch([month(669, "e", 70), month(670, "e", 5), month(671, null, 9)]);
  const stats = await readSiteStats(db, ["ses_b", "ses_a", "ses_unknown"], NOW);
  expect(stats.hours).toEqual({
    oldest: new Date(HOUR - 50 * HOUR_MS).toISOString(),
    newest: new Date(HOUR).toISOString(),
  });
  expect(stats.database.bytes).toBeGreaterThan(4_096);
  expect(stats.sites).toEqual([
    {
      name: "ses_a",
      points: { total: 4, configured: 3, discovered: 1 },
      rows_last_hour: 2,
      samples_stored_24h: 200,
      // incomplete values are not counted
      cold: { days: 2, samples: 15, bytes: 80 },
      months: { files: 2, bytes: 75 },
    },
    {
      name: "ses_b",
      points: { total: 1, configured: 1, discovered: 0 },
      rows_last_hour: 1,
      samples_stored_24h: 14,
      cold: { days: 0, samples: 0, bytes: 0 },
      months: { files: 0, bytes: 0 },
    },
  ]);
});
