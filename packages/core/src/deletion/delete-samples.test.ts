import { createBuilding } from "@building-vitals/ace-simulator/building";
import { env } from "cloudflare:workers";
import { beforeEach, expect, test } from "vitest";
import { storedPointDays } from "../../test/block-days.ts";
import { migratedDatabase } from "../../test/database.ts";
import { interceptedBucket } from "../../test/intercepted-bucket.ts";
import { pointSamples } from "../../test/points.ts";
import { preparedStorage } from "../../test/prepared-storage.ts";
import { keysOf, storedDay } from "../../test/stored-day.ts";
import { SyncWorld } from "../../test/sync-world.ts";
import { loadCatalog } from "../catalog/catalog.ts";
import { refreshCatalog } from "../catalog/refresh-catalog.ts";
import { settleFromSegments } from "../day-build/settle-from-segments.ts";
import { rebuildDay } from "../rebuild/rebuild-day.ts";
import { readManifestDay } from "../manifest/manifest.ts";
import { interceptedDatabase } from "../d1/intercepted-database.ts";
import { DAY_MS, dayStart, dayText } from "../domain/day.ts";
import { repairSiteGaps } from "../gaps/repair-site-gaps.ts";
import { upsertSamples } from "../../test/store.ts";
import { deletePoint, deleteRange, deleteSite, type Deletion, type DeletionContext } from "./delete-samples.ts";
import { planSettling } from "../settle/due-days.ts";
import { readSettlingState } from "../settle/site-days.ts";
import { requestDays } from "../store/settle-days.ts";
import { deletePointDay } from "./delete-point-day.ts";

const SITE = "ses_delete";
const DAY = 20_373;
const NOW = dayStart(DAY + 4);
const DAYS = [DAY, DAY + 1, DAY + 2] as const;
/** the last day of the three stays hot */
const HOT_DAY = DAY + 2;

let db: D1Database;
let world: SyncWorld;
let site: { id: number; name: string };
let names: string[];
let context: DeletionContext;
const prepare = preparedStorage(
  async () => {
    db = await migratedDatabase();
    const source = createBuilding({
      seed: 2,
      site: SITE,
      timezone: "America/Chicago",
      points: 3,
      collectInterval: 600,
      weather: false,
    });
    world = new SyncWorld({ db, source, now: NOW, initialLookbackMs: 4 * DAY_MS });
    site = { id: (await world.state()).siteId, name: SITE };
    await refreshCatalog(db, world.client(), SITE, site.id, NOW);
    await world.catchUp();
    names = [...(await loadCatalog(db, site.id)).values()].filter((point) => point.configured).map(({ name }) => name);
    context = {
      db,
      bucket: env.TIMESERIES,
      hotDays: 20,
      kv: env.ETL_STATE,
      now: world.clock.now,
      newBuild: () => crypto.randomUUID(),
    };
    for (const day of [DAY, DAY + 1]) await archive(day);
  },
  env.TIMESERIES,
  [env.DB],
);
beforeEach(prepare);

const archive = (day: number) => settleFromSegments(context, { build: crypto.randomUUID(), site, day });
const stored = (day: number) => storedDay(db, env.TIMESERIES, { site, day });
const all = async () => Promise.all(DAYS.map(stored));
const state = async (day: number) => (await readManifestDay(db, site.id, day))?.state ?? null;
const isKept = async (day: number) => ((await readManifestDay(db, site.id, day))?.keptId ?? null) !== null;
const keptContents = () => db.prepare("SELECT count(*) AS n FROM kept_files").first("n");
const keyOf = (day: number) => `timeseries/${dayText(day).replaceAll("-", "/")}/${SITE}.parquet`;
/** Detects and repairs gaps as the hourly cron does. */
const repairGaps = async () => {
  const ask = "open" as const;
  const about = {
    lookbackMs: 600_000,
    pageSize: world.settings.pageSize,
    maxRequests: 999,
  };
  const asking = { ace: world.client(), deadline: Number.POSITIVE_INFINITY, confirmMs: DAY_MS, ask };
  return repairSiteGaps({ ...context, ...about, ...asking }, site, NOW);
};
const untilDone = async (run: (from: number) => Promise<Deletion>): Promise<Deletion["days"]> => {
  const days: Deletion["days"][number][] = [];
  for (let from = 0; ;) {
    const { days: some, nextDay } = await run(from);
    days.push(...some);
    if (nextDay === null) return days;
    from = nextDay;
  }
};

test("a range is deleted hot and cold, and is not requested again", async () => {
  await repairGaps();
  const before = await all();
  const { days, nextDay } = await deleteRange(context, site, { first: DAY + 1, last: HOT_DAY });
  expect([days.map(({ outcome }) => outcome), nextDay]).toEqual([["deleted", "deleted"], null]);
  expect(await all()).toEqual([before[0], [], []]);
  expect(await Promise.all(DAYS.map(state))).toEqual(["written", "deleted", "deleted"]);
  expect([await Promise.all(DAYS.map(isKept)), await keptContents()]).toEqual([[true, false, false], 1]);
  expect(await keysOf(env.TIMESERIES, "timeseries/")).toEqual([keyOf(DAY)]);
  const asked = world.asked.length;
  const repaired = await repairGaps();
  expect(repaired.repair?.inserted ?? 0).toBe(0);
  expect(world.asked.slice(asked).filter((path) => path.includes("timeseries"))).toEqual([]);
  const { results } = await db
    .prepare("SELECT 1 FROM gaps WHERE start < ?2 AND coalesce(end, ?2) > ?1 AND state = 'open'")
    .bind(dayStart(DAY + 1), dayStart(HOT_DAY + 1))
    .all();
  expect(results).toEqual([]);
  expect(await all()).toEqual([before[0], [], []]);
  // nor after the day was settled with a later sample
  const point = [...(await loadCatalog(db, site.id)).values()].find(({ configured }) => configured);
  await upsertSamples(db, pointSamples([[point!.id, dayStart(DAY + 1) + 5, 1]]));
  expect((await archive(DAY + 1)).outcome).toBe("settled");
  await repairGaps();
  expect(world.asked.slice(asked).filter((path) => path.includes("timeseries"))).toEqual([]);
  expect(await stored(DAY + 1)).toEqual([`${point!.name} ${dayStart(DAY + 1) + 5} 1`]);
});

/** Rewrites a day's file until it holds only one point. Returns the points of the catalogue by name. */
async function leaveOnePoint(day: number) {
  const catalog = await loadCatalog(db, site.id);
  const points = names.map((name) => ({ id: catalog.get(name)!.id, name }));
  for (const point of points.slice(1)) {
    expect(await deletePointDay(context, { build: crypto.randomUUID(), site, day }, point)).toBe("deleted");
  }
  return points;
}

test.each(["answered", "answer lost"])("a file published while the old one is deleted stays: %s", async (how) => {
  const [last, other] = await leaveOnePoint(DAY);
  const late: readonly [number, number, number] = [other!.id, dayStart(DAY) + 7, 4];
  let batches = 0;
  const racing = interceptedDatabase(db, async (execute, _, queries) => {
    if (!queries.some((query) => query.includes("state = 'deleted', key = NULL"))) return execute();
    const isFirst = batches++ === 0;
    if (isFirst && how === "answered") {
      await upsertSamples(db, pointSamples([late]));
      expect((await archive(DAY)).outcome).toBe("settled");
    }
    const result = await execute();
    if (isFirst && how === "answer lost") throw new Error("D1_ERROR: Network connection lost.");
    return result;
  });
  const build = { build: crypto.randomUUID(), site, day: DAY };
  expect(await deletePointDay({ ...context, db: racing }, build, last!)).toBe("deleted");
  expect(batches).toBe(how === "answered" ? 1 : 2);
  expect(await stored(DAY)).toEqual(how === "answered" ? [`${other!.name} ${late[1]} ${late[2]}`] : []);
  expect(await state(DAY)).toBe(how === "answered" ? "written" : "deleted");
});

test("a file that a build puts after its day's deletion is deleted too", async () => {
  const bucket = interceptedBucket(env.TIMESERIES, async (execute, call) => {
    if (call.startsWith("put timeseries/")) await deleteRange(context, site, { first: HOT_DAY, last: HOT_DAY });
    return execute();
  });
  const build = { build: crypto.randomUUID(), site, day: HOT_DAY };
  expect((await settleFromSegments({ ...context, bucket }, build)).outcome).toBe("conflict");
  expect(await state(HOT_DAY)).toBe("deleted");
  expect(await keysOf(env.TIMESERIES, "timeseries/")).toEqual([keyOf(DAY), keyOf(DAY + 1)]);
});

test.each(["places", "quality"])("a point is deleted beside a row with damaged %s", async (column) => {
  const [name] = names;
  const point = { id: (await loadCatalog(db, site.id)).get(name!)!.id, name: name! };
  await db.prepare(`UPDATE block_days SET ${column} = x'ff' WHERE key & 65535 = ?1`).bind(DAY).run();
  await untilDone((from) => deletePoint(context, site, point, from));
  const lines = (await all()).flat();
  expect(lines.filter((line) => line.startsWith(`${name} `))).toEqual([]);
  expect(lines.length).toBeGreaterThan(100);
});

test("neither a running build nor a rebuild restores a deleted day", async () => {
  const old = (await env.TIMESERIES.get(keyOf(DAY)))!;
  const bytes = await old.arrayBuffer();
  let began = false;
  const bucket = new Proxy(env.TIMESERIES, {
    get: (target, key): unknown => {
      const member: unknown = Reflect.get(target, key);
      if (typeof member !== "function") return member;
      return async (...given: unknown[]): Promise<unknown> => {
        // deletes the day between the build's read and its publication
        if (key === "put" && given[0] === keyOf(HOT_DAY) && !began) {
          began = true;
          await deleteRange(context, site, { first: HOT_DAY, last: HOT_DAY });
        }
        return Reflect.apply(member, target, given);
      };
    },
  });
  const settled = await settleFromSegments({ ...context, bucket }, { build: "late", site, day: HOT_DAY });
  expect([began, settled.outcome]).toEqual([true, "conflict"]);
  expect(await state(HOT_DAY)).toBe("deleted");
  await deleteRange(context, site, { first: DAY, last: HOT_DAY });
  expect(await keysOf(env.TIMESERIES, "timeseries/")).toEqual([]);
  await env.TIMESERIES.put(keyOf(DAY), bytes, { customMetadata: old.customMetadata! });
  const repaired = await rebuildDay({ ...context, dryRun: true }, { ...site, db }, DAY);
  expect(repaired.outcome).toBe("to_delete");
});

test("deletes a point from files, hot rows and aggregates, and no other", async () => {
  const before = await all();
  const [gone, ...kept] = names;
  const { id } = (await loadCatalog(db, site.id)).get(gone!)!;
  const days = await untilDone((from) => deletePoint(context, site, { id, name: gone! }, from));
  expect(days.map(({ outcome }) => outcome)).toEqual(["deleted", "deleted"]);
  expect(await all()).toEqual(before.map((lines) => lines.filter((line) => !line.startsWith(`${gone} `))));
  // only row groups without the point
  expect([await Promise.all(DAYS.map(isKept)), await keptContents()]).toEqual([[true, true, false], 2]);
  expect((await storedPointDays(db)).filter(({ pointId }) => pointId === id)).toEqual([]);
  const asked = world.asked.length;
  await repairGaps();
  expect(world.asked.slice(asked).filter((path) => path.includes("timeseries"))).toEqual([]);
  expect(kept.length).toBeGreaterThan(0);
});

test("deleting a file's only point keeps hot samples of other points", async () => {
  await deleteRange(context, site, { first: DAY, last: HOT_DAY });
  const catalog = await loadCatalog(db, site.id);
  const [gone, other] = names.map((name) => ({ id: catalog.get(name)!.id, name }));
  const time = dayStart(DAY) + 5;
  await upsertSamples(db, pointSamples([[gone!.id, time, 1]]));
  await archive(DAY);
  await upsertSamples(db, pointSamples([[other!.id, time, 2]]));
  await untilDone((from) => deletePoint(context, site, gone!, from));
  expect(await stored(DAY)).toEqual([`${other!.name} ${time} 2`]);
});

test("deleting a file's only point lets settling request the day again", async () => {
  const day = DAY - 10;
  const catalog = await loadCatalog(db, site.id);
  const gone = { id: catalog.get(names[0]!)!.id, name: names[0]! };
  await upsertSamples(db, pointSamples([[gone.id, dayStart(day) + 5, 1]]));
  await archive(day);
  await requestDays(db, site.id, [day], NOW);
  await untilDone((from) => deletePoint(context, site, gone, from));
  expect(await readManifestDay(db, site.id, day)).toMatchObject({ state: "deleted", file: null, deletedAt: null });
  expect(await stored(day)).toEqual([]);
  const settling = { ...(await readSettlingState(db, site.id)), offsets: [1, 3, 7], now: NOW };
  expect(planSettling({ ...settling, firstDay: day, hot: new Set(), files: new Map() }).due).toBe(day);
  // a day that an operator deleted is not due
  await deleteRange(context, site, { first: day, last: day });
  expect(await readManifestDay(db, site.id, day)).toMatchObject({ state: "deleted", deletedAt: NOW });
  expect((await readSettlingState(db, site.id)).rows.filter((row) => row.day === day)).toEqual([]);
});

test("a deleted site keeps only its name and its pause", async () => {
  await db.prepare("UPDATE sync_state SET paused_at = 1 WHERE site_id = ?1").bind(site.id).run();
  await untilDone((from) => deleteSite(context, site, from));
  expect(await keysOf(env.TIMESERIES, "")).toEqual([]);
  const { results } = await db
    .prepare(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB '_cf_*' AND name NOT GLOB 'sqlite_*'",
    )
    .all<{ name: string }>();
  const left: string[] = [];
  for (const { name } of results) {
    if ((await db.prepare(`SELECT count(*) AS n FROM ${name}`).first("n")) !== 0) left.push(name);
  }
  expect(left.toSorted()).toEqual([
    "d1_migrations",
    "day_files",
    "schema_version",
    "site_clocks",
    "sites",
    "sync_state",
  ]);
  expect(await world.state()).toMatchObject({ watermark: null, pause: { since: 1 } });
});
