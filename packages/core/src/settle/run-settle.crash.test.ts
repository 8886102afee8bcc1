import { createBuilding } from "@building-vitals/ace-simulator/building";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { type CrashKind, CrashPoint } from "../../test/crash-point.ts";
import { emptyDatabase, migratedDatabase } from "../../test/database.ts";
import { PausedQueries } from "../../test/paused-query.ts";
import { pointSamples } from "../../test/points.ts";
import { preparedStorage } from "../../test/prepared-storage.ts";
import { queriedDay } from "../../test/queried-day.ts";
import { HOT_DAYS, SettleWorld } from "../../test/settle-world.ts";
import { upsertSamples } from "../../test/store.ts";
import { sourceSamples } from "../../test/stored-samples.ts";
import { keysOf } from "../../test/stored-day.ts";
import { SyncWorld } from "../../test/sync-world.ts";
import { createDayBuilder } from "../backfill/day-builder.ts";
import { MemoryEngine, ProcessDied } from "../../test/memory-engine.ts";
import { runDay } from "../backfill/run-day.ts";
import { loadCatalog } from "../catalog/catalog.ts";
import { refreshCatalog } from "../catalog/refresh-catalog.ts";
import { settleFromSegments } from "../day-build/settle-from-segments.ts";
import { dayFileKey } from "../r2/day-file-key.ts";
import { deleteDay } from "../deletion/delete-day.ts";
import { readManifestDay } from "../manifest/manifest.ts";
import { sweepKeptGroups } from "../store/sweep-kept-groups.ts";
import { DAY_MS, dayRange } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { appointDay, requestDays } from "../store/settle-days.ts";
import { addSamples } from "../../test/store.ts";
/** Each test runs several hundred instances. */
vi.setConfig({ testTimeout: 120_000 });

const DAY = 20_373;
const { start: START, end: END } = dayRange(DAY);
const NOW = END + DAY_MS;
const FOREVER = Number.POSITIVE_INFINITY;
const APPOINTED = { day: DAY, instance: "settle-1" };
const TABLES =
  "segments block_latest hot_hours day_files kept_files kept_groups block_days quality_days settle_days".split(" ");

let db: D1Database;
let world: SettleWorld;
let name: string;
let pointId: number;
/** the API's samples of the day */
let served: readonly string[];
/** has fetched all hours but the last */
let engine = new MemoryEngine();
const spills = new Map<string, ArrayBuffer>();

beforeAll(async () => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  db = await migratedDatabase();
  await emptyDatabase();
  const about = { seed: 3, site: "ses_crash", timezone: "America/Chicago", points: 2, weather: false } as const;
  const source = createBuilding({ ...about, collectInterval: 600 });
  const sync = new SyncWorld({ db, source, now: NOW });
  world = await SettleWorld.of(sync);
  await refreshCatalog(db, sync.client(), sync.site, world.site.id, NOW);
  served = sourceSamples(source, dayRange(DAY));
  name = served[0]!.split(" ")[0]!;
  pointId = (await loadCatalog(db, world.site.id)).get(name)!.id;
  await begin(true);
  engine = new MemoryEngine();
  await world.run(engine, alive(), (step) => {
    if (step.endsWith("hour 23")) throw new ProcessDied();
  });
  for (const key of await keysOf(env.TIMESERIES, "staging/")) {
    spills.set(key, await (await env.TIMESERIES.get(key))!.arrayBuffer());
  }
  if (spills.size !== 23) throw new Error(`${spills.size} hours were fetched`);
});

const alive = () => new CrashPoint(FOREVER, "before");
const line = (offset: number, value: number) => `${name} ${START + offset} ${value}`;
const store = (offset: number, value: number) => upsertSamples(db, pointSamples([[pointId, START + offset, value]]));
const add = (offset: number, value: number) => addSamples(db, pointSamples([[pointId, START + offset, value]]));
const query = () => world.query(DAY);
const state = async () => (await readManifestDay(db, world.site.id, DAY))?.state ?? null;
/** In the file: one sample with another value in the API, and one that the API lacks. In a segment: another one. */
const stored = () => ({ file: [line(1, 2)], segment: [line(3, 6)] });
const before = () => [...stored().file, ...stored().segment, oldFirst()].sort();
const after = () => [...stored().file, ...stored().segment, ...served].sort();
const firstTime = () => Number(served[0]!.split(" ")[1]);
const oldFirst = () => line(firstTime() - START, -1);

/** Creates the state in which the last hour is fetched. @param isFiled whether the day already has a file */
async function begin(isFiled: boolean): Promise<void> {
  await db.batch(TABLES.map((table) => db.prepare(`DELETE FROM ${table}`)));
  const keys = await keysOf(env.TIMESERIES, "");
  if (keys.length > 0) await env.TIMESERIES.delete(keys);
  // requested before the API, as by a sync
  await add(firstTime() - START, -1);
  await add(1, 2);
  const old = { build: "old", site: world.site, day: DAY };
  if (isFiled) {
    const settled = await settleFromSegments({ db, bucket: env.TIMESERIES, hotDays: HOT_DAYS, now: () => NOW }, old);
    if (settled.outcome !== "settled") throw new Error(JSON.stringify(settled));
  }
  await add(3, 6);
  await requestDays(db, world.site.id, [DAY], NOW);
  await appointDay(db, world.site.id, APPOINTED, NOW);
  await Promise.all([...spills].map(([key, bytes]) => env.TIMESERIES.put(key, bytes)));
}

const [filed, unfiled] = [true, false].map((isFiled) =>
  preparedStorage(() => begin(isFiled), env.TIMESERIES, [env.DB]),
);

/** Restores the state in which the last hour is fetched. @param isFiled whether the day already has a file */
async function reset(isFiled = true): Promise<MemoryEngine> {
  await (isFiled ? filed : unfiled)!();
  world.sync.clock.set(NOW);
  return engine.copy();
}

async function expectSettled(): Promise<void> {
  expect(await query()).toEqual(after());
  expect(await keysOf(env.TIMESERIES, "")).toEqual([dayFileKey(world.site.name, DAY)]);
  expect(await world.row(DAY)).toMatchObject({ step: 1, outcome: "settled", dueAt: END + 3 * DAY_MS, instance: null });
  expect(await readManifestDay(db, world.site.id, DAY)).toMatchObject({
    state: "written",
    source: "api",
    reason: null,
  });
  expect(
    await db.prepare("SELECT (SELECT count(*) FROM segments) + (SELECT count(*) FROM hot_hours) AS n").first("n"),
  ).toBe(0);
}

/** Calls of a query up to its plan, and up to its segments. */
const [BEHIND_PLAN, BEHIND_SEGMENTS] = [2, 3];

const isRead = (call: string) => /^(?:get|body|head|list) /.test(call);
/** Spills of all hours are read like these two. */
const counts = (call: string) => !/staging\/.*\/(?:0[1-9]|1\d|2[0-2])$/.test(call);

test.each([
  ["the day has a file", true],
  ["the day gets its first file", false],
])("a query between two calls reads all of before or after: %s", async (_, isFiled) => {
  const fresh = await reset(isFiled);
  let isAfter = false;
  let steps = 0;
  const paused = () =>
    new PausedQueries(db, env.TIMESERIES, (ownDb, bucket) => queriedDay(ownDb, bucket, { site: world.site, day: DAY }));
  const [sinceLastCall, untilTheEnd] = [paused(), paused()];
  const finish = async (queries: typeof untilTheEnd) => {
    for (const found of await queries.finish()) {
      expect(found).toEqual(found.length === after().length ? after() : before());
    }
  };
  const watched = new CrashPoint(FOREVER, "before", counts, async () => {
    const found = await query();
    isAfter ||= found.length === after().length;
    expect(found).toEqual(isAfter ? after() : before());
    if ((await world.row(DAY))?.settledAt != null) expect(isAfter).toBe(true);
    await finish(sinceLastCall);
    await sinceLastCall.begin(steps % 2 === 0 ? BEHIND_PLAN : BEHIND_SEGMENTS);
    if (steps % 3 === 0) await untilTheEnd.begin(steps % 2 === 0 ? BEHIND_PLAN : BEHIND_SEGMENTS);
    steps++;
  });
  expect(await world.run(fresh, watched)).toBe(true);
  const keptUntil = NOW + (HOT_DAYS + 1) * DAY_MS;
  const kept = () => db.prepare("SELECT count(*) AS n FROM kept_groups").first("n");
  expect(await kept()).toBeGreaterThan(0);
  for (const now of [keptUntil, keptUntil + 2 * HOUR_MS])
    await sweepKeptGroups(watched.database(db), world.site.id, HOT_DAYS, now);
  expect(await kept()).toBe(0);
  await finish(sinceLastCall);
  await finish(untilTheEnd);
  await expectSettled();
  expect(steps).toBeGreaterThan(60);
});

// Testing every call would take minutes, so each run tests every few calls. The two kinds and the tests below use
// different strides.
test.each<[CrashKind, number]>([
  ["before", 17],
  ["after", 11],
])("an instance that dies %s a call is resumed without loss", async (kind, stride) => {
  // stopping before a read equals stopping after the call before it
  const isCounted = (call: string) => counts(call) && !(kind === "before" && isRead(call));
  let nth = 0;
  for (; ; nth += stride) {
    const fresh = await reset();
    const crash = new CrashPoint(nth, kind, isCounted);
    await world.run(fresh, crash, undefined, APPOINTED);
    const found = await query();
    expect(found).toEqual(found.length === after().length ? after() : before());
    if (!crash.happened) break;
    expect(await world.run(fresh, alive(), undefined, APPOINTED)).toBe(true);
    await expectSettled();
  }
  expect(nth).toBeGreaterThan(25);
});

describe("between any two calls of a run", () => {
  /** Repeats a run, each time with another action right after one of its calls from the last hour on. */
  async function interrupted(
    stride: number,
    elsewhere: () => Promise<unknown>,
    check: () => Promise<void>,
  ): Promise<number> {
    let nth = 0;
    // a read of R2 sees the same as the call before it
    const isCounted = (call: string) => counts(call) && !isRead(call);
    for (; ; nth += stride) {
      const fresh = await reset();
      let calls = 0;
      const at = nth;
      let isDone = false;
      const watched = new CrashPoint(
        FOREVER,
        "before",
        (call) => isCounted(call) && calls++ >= 0,
        async () => {
          if (isDone || calls <= at) return;
          isDone = true;
          await elsewhere();
        },
      );
      expect(await world.run(fresh, watched, undefined, APPOINTED)).toBe(true);
      if (!isDone) break;
      await check();
    }
    return nth;
  }

  test("the day may be deleted, and stays deleted", async () => {
    const times = await interrupted(
      6,
      () => deleteDay({ db, bucket: env.TIMESERIES }, world.site, DAY, NOW),
      async () => {
        expect([await state(), await query(), await world.row(DAY)]).toEqual(["deleted", [], null]);
        expect(await keysOf(env.TIMESERIES, "timeseries/")).toEqual([]);
      },
    );
    expect(times).toBeGreaterThan(25);
  });

  test("samples may come: none is lost, and later values win", async () => {
    const times = await interrupted(
      9,
      async () => {
        await store(4, 7);
        await store(firstTime() - START, 99);
      },
      async () => {
        const changed = after().map((text) =>
          text.startsWith(line(firstTime() - START, 0).slice(0, -1)) ? line(firstTime() - START, 99) : text,
        );
        expect(await query()).toEqual([...changed, line(4, 7)].sort());
      },
    );
    expect(times).toBeGreaterThan(25);
  });

  test("a backfill may publish the day: the API's later answer wins", async () => {
    const changed = served.map((text) => (text === served[0] ? line(firstTime() - START, 1234.5) : text));
    const old = served[0]!.split(" ")[2]!;
    const times = await interrupted(
      13,
      async () => {
        // an hour later the API serves another value
        const { sync } = world;
        sync.clock.set(NOW + 3_600_000);
        const newClient = () =>
          sync.client(async (request) => {
            const text = await (await sync.upstream(request)).text();
            return new Response(text.replace(`"value":"${old}"`, '"value":"1234.5"'));
          });
        const bucket = env.TIMESERIES;
        const { now } = sync.clock;
        const builder = createDayBuilder({
          db,
          bucket,
          newClient,
          pageSize: 100_000,
          replaceSuspect: false,
          hotDays: HOT_DAYS,
          now,
        });
        const context = { builder, mayGoOn: () => Promise.resolve(true), whenEmpty: "confirm" } as const;
        const backfill = async (steps: Parameters<typeof runDay>[0]) => {
          await runDay(steps, context, { build: "backfill", site: world.site, day: DAY });
        };
        expect(await new MemoryEngine().run(backfill)).toBe(true);
      },
      async () => {
        expect(await query()).toEqual([...stored().file, ...stored().segment, ...changed].sort());
        expect(await keysOf(env.TIMESERIES, "staging/")).toEqual([]);
      },
    );
    expect(times).toBeGreaterThan(10);
  });
});
