import { createBuilding } from "@building-vitals/ace-simulator/building";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { storedPointDays } from "../../test/block-days.ts";
import { CrashPoint } from "../../test/crash-point.ts";
import { migratedDatabase } from "../../test/database.ts";
import { copyDatabase } from "../../test/database-copy.ts";
import { described, pointSamples } from "../../test/points.ts";
import { SettleWorld } from "../../test/settle-world.ts";
import { differences, sourceSamples } from "../../test/stored-samples.ts";
import { SyncWorld } from "../../test/sync-world.ts";
import { MemoryEngine } from "../../test/memory-engine.ts";
import { loadCatalog } from "../catalog/catalog.ts";
import { rollUpHours } from "../day-build/roll-up-hours.ts";
import { replaceCatalog } from "../catalog/replace-catalog.ts";
import { readManifestDay } from "../manifest/manifest.ts";
import { mergeDay } from "../day-build/merge-day.ts";
import { pointOrder } from "../day-build/point-order.ts";
import { rebuildDay } from "../rebuild/rebuild-day.ts";
import { sortHour } from "../day-build/sort-hour.ts";
import { encodeSpill } from "../day-build/spill-format.ts";
import { spillKey } from "../r2/staging.ts";
import { interceptedDatabase } from "../d1/intercepted-database.ts";
import { DAY_MS, dayRange } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { beginSite } from "../gaps/gap-sites.ts";
import { clockStatement, parseClock, raiseClockTo } from "../store/site-clock.ts";
import { storeSamples } from "../store/store-samples.ts";

const DAY = 20_373;
const { start: START, end: END } = dayRange(DAY);

const source = createBuilding({
  seed: 6,
  site: "ses_travel",
  timezone: "America/Chicago",
  points: 2,
  collectInterval: 600,
  weather: false,
});
const truth = sourceSamples(source, dayRange(DAY));

let db: D1Database;
let world: SettleWorld;
let pointId: number;
let pointName: string;
/** A sample that the source corrected and no longer has. No other sample is at its time. */
let corrected: (value: number) => string;

beforeAll(async () => {
  db = await migratedDatabase();
});
beforeEach(async () => {
  await migratedDatabase();
  vi.spyOn(console, "log").mockReturnValue();
  vi.spyOn(console, "error").mockReturnValue();
  const sync = new SyncWorld({ db, source, now: START + 12 * HOUR_MS, initialLookbackMs: 12 * HOUR_MS });
  world = await SettleWorld.of(sync);
  await beginSite(db, world.site.id, DAY);
  await sync.catchUp();
  const [point] = [...(await loadCatalog(db, world.site.id)).values()];
  ({ id: pointId, name: pointName } = point!);
  corrected = (value) => `${pointName} ${START + 1234} ${value}`;
});
afterEach(() => vi.restoreAllMocks());

const store = (value: number, asked: number) =>
  storeSamples(
    { db, siteId: world.site.id, now: world.sync.clock.now },
    pointSamples([[pointId, START + 1234, value]]),
    asked,
  );

const stamp = async () => parseClock((await clockStatement(db, world.site.id).all()).results).stamp;

async function syncTo(now: number): Promise<void> {
  world.sync.clock.set(now);
  await world.sync.catchUp();
}

async function settle(): Promise<void> {
  await db.prepare("UPDATE gap_sites SET sync_from_day = ?1").bind(DAY).run();
  await world.settle();
}

const rebuild = () => {
  const { now } = world.sync.clock;
  return rebuildDay(
    { bucket: env.TIMESERIES, now, newBuild: () => "rebuild", dryRun: false },
    { ...world.site, db },
    DAY,
  );
};

const expectAnswer = async (value: number) =>
  expect(differences([...truth, corrected(value)].sort(), await world.query(DAY))).toEqual([]);

test("D1 restored to before a newer file: each sample once, later wins", async () => {
  const noon = START + 12 * HOUR_MS;
  await store(1, noon);
  const turnBack = await copyDatabase(db);
  const before = await stamp();
  await store(2, noon + HOUR_MS);
  await syncTo(END + 3 * HOUR_MS);
  await settle();
  await expectAnswer(2);
  const published = (await readManifestDay(db, world.site.id, DAY))!.settledStamp;
  expect(published).toBeGreaterThan(before);

  await turnBack();
  expect(await stamp()).toBe(before);
  expect(await rebuild()).toMatchObject({ outcome: "rebuilt" });
  expect(await stamp()).toBe(published);
  expect((await readManifestDay(db, world.site.id, DAY))!.settledStamp).toBe(0);
  // the old segment with 1 lies beside the file with 2
  await expectAnswer(2);
  expect(await rebuild()).toMatchObject({ outcome: "unchanged" });

  await syncTo(END + 3 * HOUR_MS);
  await expectAnswer(2);
  world.sync.clock.set(END + DAY_MS);
  await settle();
  await expectAnswer(2);
  const left = db.prepare("SELECT count(*) AS n FROM segments WHERE key >> 24 & 65535 = ?1").bind(DAY);
  expect(await left.first("n")).toBe(0);
  await store(3, END + 3 * DAY_MS);
  await expectAnswer(3);
});

/** Restores D1, and advances the site's clock to its earlier value. The next store reuses the stamp of a lost one. */
async function turnBackAndOn(turnBack: () => Promise<void>): Promise<void> {
  const lost = await stamp();
  await turnBack();
  const behind = await stamp();
  expect(behind).toBeLessThan(lost);
  if (lost - behind > 1) await raiseClockTo(db, world.site.id, lost - 1).run();
}

/** A database that is restored once, before the first transaction with such a statement. */
function turnedBackBefore(statement: RegExp, turnBack: () => Promise<void>): D1Database {
  let isDone = false;
  return interceptedDatabase(db, async (execute, _, queries) => {
    if (!isDone && queries.some((query) => statement.test(query))) {
      isDone = true;
      await turnBack();
    }
    return execute();
  });
}

describe("work begun before a restore of D1, after as many new stores", () => {
  test("a build passes over no later segment", async () => {
    const turnBack = await copyDatabase(db);
    await syncTo(END + 3 * HOUR_MS);
    await db.prepare("UPDATE gap_sites SET sync_from_day = ?1").bind(DAY).run();
    expect(await world.supervise()).toBe(DAY);
    const engine = new MemoryEngine();
    const appointed = (await world.appointed())!;
    const merged = Promise.withResolvers<void>();
    const dying = new CrashPoint(Number.POSITIVE_INFINITY, "before");
    const first = world.run(engine, dying, async (name) => {
      if (!name.includes("publish")) return;
      merged.resolve();
      // its process never continues
      await new Promise(() => undefined);
    });
    await Promise.race([first, merged.promise]);

    const row = await db.prepare("SELECT * FROM settle_days WHERE day = ?1").bind(DAY).first();
    await turnBackAndOn(turnBack);
    // the same instance is appointed: D1 was restored to a moment of its run
    expect(row).toMatchObject({ instance: appointed.instance });
    await db
      .prepare("INSERT INTO settle_days (site_id, day, step, due_at, instance) VALUES (?1, ?2, 0, ?3, ?4)")
      .bind(world.site.id, DAY, END, appointed.instance)
      .run();
    await store(7, END + 5 * HOUR_MS);
    expect(await world.run(engine)).toBe(true);
    await expectAnswer(7);
    expect(await world.row(DAY)).toMatchObject({ outcome: "settled" });
  });

  test("a store compares again, and stores what D1 has lost", async () => {
    const turnBack = await copyDatabase(db);
    const asked = START + 12 * HOUR_MS;
    await store(1, asked);
    const other = pointSamples([[pointId, START + 5678, 5]]);
    const turned = turnedBackBefore(/^\s*INSERT INTO segments/, async () => {
      await turnBackAndOn(turnBack);
      await storeSamples({ db, siteId: world.site.id, now: world.sync.clock.now }, other, asked);
    });
    const both = pointSamples([
      [pointId, START + 1234, 1],
      [pointId, START + 2345, 2],
    ]);
    const counts = await storeSamples({ db: turned, siteId: world.site.id, now: world.sync.clock.now }, both, asked);
    expect(counts).toMatchObject({ inserted: 2 });
    const lines = [1234, 2345, 5678].map((at, i) => `${pointName} ${START + at} ${[1, 2, 5][i]}`);
    expect(await world.query(DAY)).toEqual(expect.arrayContaining(lines));
  });

  test("a roll-up writes no aggregate of a sample that D1 has lost", async () => {
    const turnBack = await copyDatabase(db);
    await store(100_000_000, START + 12 * HOUR_MS);
    const turned = turnedBackBefore(/^\s*UPDATE hot_hours SET version/, async () => {
      await turnBackAndOn(turnBack);
      await store(200_000_000, START + 12 * HOUR_MS);
    });
    const { now } = world.sync.clock;
    await rollUpHours(turned, world.site.id, 0, now);
    await rollUpHours(db, world.site.id, 0, now);
    const rolledUp = (await storedPointDays(db)).find((pointDay) => pointDay.pointId === pointId);
    expect(rolledUp?.hours[0]?.max).toBe(200_000_000);
  });

  test("a build gives no sample to another point that got its id", async () => {
    const turnBack = await copyDatabase(db);
    const { id: siteId, name } = world.site;
    const list = async (...names: string[]) => {
      const known = await loadCatalog(db, siteId);
      const all = [...[...known.keys()].filter((listed) => known.get(listed)?.configured), ...names];
      await replaceCatalog(
        db,
        siteId,
        known,
        all.map((listed) => described(listed, {})),
        world.sync.clock.now(),
      );
      return loadCatalog(db, siteId);
    };
    const lost = (await list("new/lost")).get("new/lost")!.id;
    const build = { build: "spilled", site: { id: siteId, name }, day: DAY };
    const range = { start: START, end: START + HOUR_MS };
    const sorted = sortHour([pointSamples([[lost, START + 5, 1]])], pointOrder(await loadCatalog(db, siteId)), range);
    await env.TIMESERIES.put(spillKey(build, 0), encodeSpill(START, sorted, { records: 1, rejected: {} }));
    await turnBack();
    expect((await list("new/found")).get("new/found")!.id).toBe(lost);
    const merge = mergeDay({ db, bucket: env.TIMESERIES }, build, { source: "api", hours: [0] });
    await expect(merge).rejects.toThrow(/other names than when the spill was written/);
  });
});
