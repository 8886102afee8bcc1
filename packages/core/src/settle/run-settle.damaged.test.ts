import { createBuilding } from "@building-vitals/ace-simulator/building";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { emptyDatabase, migratedDatabase } from "../../test/database.ts";
import { pointSamples } from "../../test/points.ts";
import { queriedDays } from "../../test/queried-day.ts";
import { SettleWorld } from "../../test/settle-world.ts";
import { addSamples } from "../../test/store.ts";
import { keysOf } from "../../test/stored-day.ts";
import { differences, sourceSamples } from "../../test/stored-samples.ts";
import { SyncWorld } from "../../test/sync-world.ts";
import { loadCatalog } from "../catalog/catalog.ts";
import { judgeStoredDay } from "../rebuild/judge-stored-day.ts";
import { interceptedDatabase } from "../d1/intercepted-database.ts";
import { DAY_MS, dayRange } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { beginSite } from "../gaps/gap-sites.ts";
import { countDamaged } from "../store/damaged-segments.ts";

const DAY = 20_373;
const { start: START, end: END } = dayRange(DAY);
const DUE = END + 2 * HOUR_MS;

const source = createBuilding({
  seed: 5,
  site: "ses_damaged",
  timezone: "America/Chicago",
  points: 2,
  collectInterval: 600,
  weather: false,
});
const truth = sourceSamples(source, dayRange(DAY));

let db: D1Database;
let world: SettleWorld;
beforeAll(async () => {
  db = await migratedDatabase();
});
beforeEach(async () => {
  await emptyDatabase();
  const left = await keysOf(env.TIMESERIES, "");
  if (left.length > 0) await env.TIMESERIES.delete(left);
  vi.spyOn(console, "log").mockReturnValue();
  vi.spyOn(console, "error").mockReturnValue();
  world = await SettleWorld.of(new SyncWorld({ db, source, now: DUE, initialLookbackMs: 26 * HOUR_MS }));
  await beginSite(db, world.site.id, DAY);
  await world.sync.catchUp();
  await db.prepare("DELETE FROM hot_hours WHERE hour >= ?1").bind(END).run();
});
afterEach(() => vi.restoreAllMocks());

const count = (table: "segments" | "damaged_segments") =>
  db.prepare(`SELECT count(*) AS n FROM ${table} WHERE key >> 24 & 65535 = ?1`).bind(DAY).first<number>("n");

/** Truncates the day's segments. @param where SQL */
const damage = (where: string) =>
  db
    .prepare(`UPDATE segments SET body = substr(body, 1, length(body) - 2) WHERE key >> 24 & 65535 = ?1 AND ${where}`)
    .bind(DAY)
    .run();

const answered = () => queriedDays(db, env.TIMESERIES, { site: world.site, first: DAY, last: DAY });

/** Settles only this day. */
async function settleAt(now: number): Promise<number[]> {
  world.sync.clock.set(now);
  if ((await world.row(DAY)) !== null) await db.exec(`UPDATE gap_sites SET sync_from_day = ${DAY + 9_999}`);
  return world.settle();
}

test("the source replaces the samples of damaged segments", async () => {
  await damage("true");
  const judging = judgeStoredDay({ db, bucket: env.TIMESERIES, now: () => DUE }, world.site.id, DAY);
  await expect(judging).rejects.toThrow("is malformed JSONB");
  const { answer, lines } = await answered();
  expect([answer.partial, lines]).toEqual([true, []]);
  expect(await countDamaged(db, world.site.id)).toBeGreaterThan(0);
  expect(await settleAt(DUE)).toEqual([DAY]);
  expect(await world.row(DAY)).toMatchObject({ outcome: "settled", reason: null });
  expect(differences(truth, await world.query(DAY))).toEqual([]);
  expect([await count("segments"), await countDamaged(db, world.site.id)]).toEqual([0, 0]);
});

test("a day with a damaged segment is not built from segments alone", async () => {
  await damage("first < 3600000");
  const segments = await count("segments");
  const { answer, lines } = await answered();
  expect(answer.partial).toBe(true);
  expect(answer.missing.length).toBe(1);
  expect(answer.missing[0]!.end).toBeLessThan(START + 2 * HOUR_MS);
  expect(lines.length).toBeGreaterThan(200);
  const { upstream } = world.sync;
  world.sync.upstream = () => Promise.resolve(new Response("{}", { status: 401 }));
  expect(await settleAt(DUE)).toEqual([DAY]);
  expect(await world.row(DAY)).toMatchObject({ outcome: "failed", reason: expect.stringContaining("is malformed") });
  expect([await count("segments"), (await answered()).lines]).toEqual([segments, lines]);
  world.sync.upstream = upstream;
  expect(await settleAt((await world.row(DAY))!.dueAt!)).toEqual([DAY]);
  expect(differences(truth, await world.query(DAY))).toEqual([]);
  expect(await countDamaged(db, world.site.id)).toBe(0);
});

test("a damaged segment that the source lacks is copied byte for byte", async () => {
  const [point] = [...(await loadCatalog(db, world.site.id)).values()];
  await addSamples(db, pointSamples([[point!.id, START + 1234, 7]]));
  await damage("asked = 0");
  const bytes = "SELECT hex(body) AS body FROM segments WHERE asked = 0";
  const body = await db.prepare(bytes).first("body");
  expect(await settleAt(DUE)).toEqual([DAY]);
  expect(differences(truth, await world.query(DAY))).toEqual([]);
  expect(await count("segments")).toBe(0);
  expect(await db.prepare(bytes.replace("segments", "damaged_segments")).first("body")).toBe(body);
  expect(await countDamaged(db, world.site.id)).toBe(1);
});

test("a damaged segment that cannot be copied is not deleted", async () => {
  const [point] = [...(await loadCatalog(db, world.site.id)).values()];
  await addSamples(db, pointSamples([[point!.id, START + 1234, 7]]));
  await damage("asked = 0");
  const segments = await count("segments");
  let isFull = true;
  const { sync } = world;
  sync.db = interceptedDatabase(db, async (execute, _, queries) => {
    if (isFull && queries.some((query) => query.includes("INTO damaged_segments"))) throw new Error("D1 is full");
    return execute();
  });
  expect(await settleAt(DUE)).toEqual([DAY]);
  expect(await world.row(DAY)).toMatchObject({
    outcome: "failed",
    reason: expect.stringContaining("could not be copied"),
  });
  expect([await count("segments"), await count("damaged_segments")]).toEqual([segments, 0]);
  isFull = false;
  expect(await settleAt((await world.row(DAY))!.dueAt!)).toEqual([DAY]);
  expect([await count("segments"), await count("damaged_segments")]).toEqual([0, 1]);
  expect(differences(truth, await world.query(DAY))).toEqual([]);
});

test("a day with a damaged segment is not confirmed empty", async () => {
  await damage("true");
  const { upstream } = world.sync;
  world.sync.upstream = async (request) => {
    const response = await upstream(request);
    return request.url.includes("timeseries")
      ? Response.json({ point_samples: [], has_more: false, next_cursor: null })
      : response;
  };
  expect(await settleAt(END + 7 * DAY_MS)).toContain(DAY);
  expect(await world.row(DAY)).toMatchObject({ outcome: "failed", reason: expect.stringContaining("is malformed") });
  expect(await count("segments")).toBeGreaterThan(0);
});
