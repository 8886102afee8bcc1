import { createBuilding } from "@building-vitals/ace-simulator/building";
import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { interceptedDatabase } from "../d1/intercepted-database.ts";
import { MINUTE_MS, SyncWorld } from "../../test/sync-world.ts";
import type { DeadLetter } from "../domain/dead-letter.ts";
import { dropDeadLetters, pruneDeadLetters, readDeadLetters, recordDeadLetters } from "./dead-letters.ts";
import { replayDeadLetters } from "./replay-dead-letters.ts";
import { syncSites } from "./sync-sites.ts";
import { dayOf } from "../domain/day.ts";

const START = Date.UTC(2025, 9, 12, 14, 30);
const DAY_MS = 86_400_000;

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
});
beforeEach(async () => {
  await db.exec("DELETE FROM dead_letters");
});

async function run(world: SyncWorld, through: D1Database = db) {
  const { sites, syncId } = await syncSites(world.runContext(env.ETL_STATE), [{ db: through, sites: [world.site] }]);
  return { ...sites[0]!, syncId };
}

function worldOf(site: string, unconfiguredPoints: number): SyncWorld {
  const size = { points: 6, collectInterval: 60, unconfiguredPoints } as const;
  const source = createBuilding({ seed: 4, site, timezone: "UTC", weather: false, ...size });
  return new SyncWorld({ db, source, now: START, initialLookbackMs: 15 * MINUTE_MS });
}

const allOf = async (world: SyncWorld) => {
  const { siteId, name, watermark } = await world.state();
  return { site: { siteId, name, watermark }, letters: await readDeadLetters(db, { siteIds: [siteId] }, 1_000) };
};
const written = (calls: string[]) => interceptedDatabase(db, async (execute) => (calls.push("call"), execute()));

test("keeps a record per unconfigured point and day, at most five a sync", async () => {
  const world = worldOf("ses_letters_unconfigured", 12);
  const counts: number[] = [];
  for (let sync = 0; sync < 4; sync++) {
    const result = await run(world);
    expect(result.recordsRejected.unconfigured).toBeGreaterThan(12);
    counts.push((await allOf(world)).letters.length);
    await world.clock.sleep(5 * MINUTE_MS);
  }
  expect(counts).toEqual([5, 10, 12, 12]);
  const { letters } = await allOf(world);
  const names = letters.map(({ about }) => (about.reason === "unconfigured" ? about.record.split('"')[3] : ""));
  expect(new Set(names).size).toBe(12);
  await world.clock.sleep(DAY_MS);
  await run(world);
  expect((await allOf(world)).letters.length).toBe(17);
});

test("without rejections nothing is written, and no extra statement is sent", async () => {
  const calls: string[] = [];
  const clean = worldOf("ses_letters_none", 0);
  await run(clean, written(calls));
  const without = calls.length;
  expect((await allOf(clean)).letters).toEqual([]);
  calls.length = 0;
  const world = worldOf("ses_letters_some", 1);
  await run(world, written(calls));
  // the dead letter itself, and two from a point that the catalogue lacks
  expect(calls.length).toBe(without + 3);
});

test("replayed dead letters of newly configured points become samples once", async () => {
  const world = worldOf("ses_letters_replay", 4);
  await run(world);
  const { site, letters } = await allOf(world);
  expect(letters.length).toBe(4);
  const now = world.clock.now();
  expect(await replayDeadLetters(db, [site], {}, now)).toMatchObject({
    letters: 4,
    stored: 0,
    rejected: { unconfigured: 4 },
    nextCursor: null,
  });
  await db.prepare("UPDATE points SET configured = 1 WHERE site_id = ?1").bind(site.siteId).run();
  const ids = [letters[0]!.id];
  // a day file has precedence, and D1 does not hold its samples
  await db
    .prepare("INSERT INTO day_files (site_id, day, state, key, updated_at) VALUES (?1, ?2, 'written', 'a file', 0)")
    .bind(site.siteId, dayOf(START - 1))
    .run();
  expect(await replayDeadLetters(db, [site], { ids }, now)).toMatchObject({ letters: 1, settled: 1, stored: 0 });
  await db.prepare("DELETE FROM day_files WHERE site_id = ?1").bind(site.siteId).run();
  expect(await replayDeadLetters(db, [site], { ids }, now)).toMatchObject({ letters: 1, stored: 1, rejected: {} });
  // the sync itself stores the samples of the others
  await db
    .prepare("UPDATE sync_state SET watermark = ?1")
    .bind(START - 5 * MINUTE_MS)
    .run();
  await run(world);
  expect(await replayDeadLetters(db, [site], {}, now)).toMatchObject({ letters: 3, stored: 0, present: 3 });
  expect(await replayDeadLetters(db, [site], {}, now)).toMatchObject({ letters: 0, stored: 0, present: 0 });
  const unseen = "SELECT count(*) AS n FROM points WHERE site_id = ?1 AND first_seen IS NULL";
  expect(await db.prepare(unseen).bind(site.siteId).first("n")).toBe(0);
});

test("an unwritable page is a dead letter until its window is stored", async () => {
  const world = worldOf("ses_letters_failed", 0);
  await world.state();
  const failing = interceptedDatabase(db, async (execute, statements) => {
    if (statements > 4) throw new Error("D1_ERROR: out of luck");
    return execute();
  });
  const result = await run(world, failing);
  expect(result.recordsFailed).toBeGreaterThan(50);
  const { site, letters } = await allOf(world);
  const window = { start: START - 15 * MINUTE_MS, end: START };
  const error = "D1_ERROR: out of luck";
  expect(letters).toMatchObject([
    {
      syncId: result.syncId,
      at: START,
      page: { window, cursor: null },
      about: { reason: "write_failed", stage: "store", error, samples: result.recordsFailed },
    },
  ]);
  expect(await env.ETL_STATE.get(`dlq:${result.syncId}:0`, "json")).toMatchObject({ chunk: 0, error });
  expect(await replayDeadLetters(db, [site], {}, START)).toMatchObject({ letters: 1, waiting: 1, recovered: 0 });
  await run(world);
  const after = (await allOf(world)).site;
  expect(await replayDeadLetters(db, [after], {}, START)).toMatchObject({ letters: 1, waiting: 0, recovered: 1 });
  expect((await allOf(world)).letters).toEqual([]);
});

test("a replay reads both envelopes by today's clock; truncated records stay", async () => {
  const world = worldOf("ses_letters_envelopes", 0);
  await run(world);
  const { site } = await allOf(world);
  const point = await db.prepare("SELECT name FROM points WHERE site_id = ?1").bind(site.siteId).first<string>("name");
  const time = new Date(START + 3 * 3_600_000).toISOString();
  const records = [
    JSON.stringify({ name: point, value: "1", time }),
    JSON.stringify({ point_name: point, value: 2, timestamp: START + 4 * 3_600_000 }),
    JSON.stringify({ name: point, value: null, time }),
    '{"name":"cut of',
  ];
  const letters = records.map((record): DeadLetter => ({
    siteId: site.siteId,
    page: null,
    about: { reason: "future", record },
  }));
  await recordDeadLetters(db, "sync_1", START, letters);
  await recordDeadLetters(db, "sync_2", START + 1, letters);
  expect(await replayDeadLetters(db, [site], {}, START)).toMatchObject({
    letters: 4,
    rejected: { future: 3 },
    stored: 0,
  });
  const later = await replayDeadLetters(db, [site], { reason: "future" }, START + 5 * 3_600_000);
  expect(later).toMatchObject({ letters: 4, stored: 2, unreadable: 1, rejected: { null: 1 } });
  expect((await allOf(world)).letters.length).toBe(2);
});

test("a replayed dead letter stays if its day gets a file meanwhile", async () => {
  const world = worldOf("ses_letters_fenced", 0);
  await run(world);
  const { site } = await allOf(world);
  const { siteId } = site;
  const name = await db.prepare("SELECT name FROM points WHERE site_id = ?1").bind(siteId).first<string>("name");
  const times = [START + 3 * 3_600_000, START + DAY_MS, START + DAY_MS + 3_600_000];
  const letters = times.map((at): DeadLetter => {
    const record = JSON.stringify({ name, value: "1", time: new Date(at).toISOString() });
    return { siteId, page: null, about: { reason: "future", record } };
  });
  await recordDeadLetters(db, "sync_fenced", START, letters);
  const published = db
    .prepare(
      `INSERT INTO day_files (site_id, day, state, key, etag, sha256, bytes, rows, points, source, updated_at)
       VALUES (?1, ?2, 'written', 'k', 'e', 's', 1, 1, 1, 'api', 1) ON CONFLICT DO NOTHING`,
    )
    .bind(siteId, dayOf(times[1]!));
  const racing = interceptedDatabase(db, async (execute, statements) => {
    if (statements > 1) await published.run();
    return execute();
  });
  const now = START + 2 * DAY_MS;
  expect(await replayDeadLetters(racing, [site], {}, now)).toMatchObject({ letters: 3, stored: 1, settled: 2 });
  expect((await allOf(world)).letters.length).toBe(2);
  expect(await replayDeadLetters(db, [site], {}, now)).toMatchObject({ letters: 2, stored: 0, settled: 2 });
});

test("lists dead letters newest first in pages, drops and expires them", async () => {
  const world = worldOf("ses_letters_list", 0);
  await run(world);
  const { site } = await allOf(world);
  const siteIds = [site.siteId];
  const letter = (record: string, reason: "null" | "future"): DeadLetter => ({
    siteId: site.siteId,
    page: null,
    about: { reason, record },
  });
  for (let batch = 0; batch < 3; batch++) {
    const many = Array.from({ length: 1_100 }, (_, i) => letter(`${batch} ${i}`, "null"));
    await recordDeadLetters(db, "sync_old", START - 7 * DAY_MS - 3 + batch, many);
  }
  await recordDeadLetters(db, "sync_new", START - 7 * DAY_MS, [letter("a", "null"), letter("b", "future")]);
  const [first, second] = await readDeadLetters(db, { siteIds }, 2);
  expect([first?.about, second?.about]).toEqual([letter("b", "future").about, letter("a", "null").about]);
  const next = await readDeadLetters(db, { siteIds }, 3, second!.id);
  expect(next.map(({ about }) => about)).toEqual([999, 998, 997].map((n) => letter(`2 ${n}`, "null").about));
  expect(await pruneDeadLetters(db, START)).toBe(3_000);
  expect((await allOf(world)).letters.length).toBe(2);
  expect(await dropDeadLetters(db, { siteIds: [site.siteId + 1], ids: [first!.id] })).toBe(0);
  expect(await dropDeadLetters(db, { siteIds, reason: "future" })).toBe(1);
  expect(await dropDeadLetters(db, { siteIds, reason: "future" })).toBe(0);
  await recordDeadLetters(db, "sync_newer", START, [letter("b", "future")]);
  expect((await readDeadLetters(db, { siteIds }, 1))[0]!.id).toBeGreaterThan(first!.id);
});
