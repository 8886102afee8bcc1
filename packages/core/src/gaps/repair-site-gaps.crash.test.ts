import { env } from "cloudflare:workers";
import { beforeAll, expect, test } from "vitest";
import { storedPointDays } from "../../test/block-days.ts";
import { CrashPoint, isWrite } from "../../test/crash-point.ts";
import { migratedDatabase } from "../../test/database.ts";
import { GapWorld } from "../../test/gap-world.ts";
import { preparedStorage } from "../../test/prepared-storage.ts";
import { storedDay } from "../../test/stored-day.ts";
import { MINUTE_MS } from "../../test/sync-world.ts";
import { loadCatalog } from "../catalog/catalog.ts";
import { dayOf } from "../domain/day.ts";

const HOUR_MS = 60 * MINUTE_MS;
const MIDNIGHT = Date.UTC(2025, 9, 12);
const DAY = dayOf(MIDNIGHT) - 1;
const NOW = MIDNIGHT + 37 * MINUTE_MS;
const OUTAGE = { start: MIDNIGHT - 2 * HOUR_MS, end: MIDNIGHT - HOUR_MS - 20 * MINUTE_MS };
const MISSED = 2 * 40;

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
});

/**
 * A site with a gap in a cold day, which its upstream fills now. @returns the site, and a function that restores this
 * state
 */
function gappedWorld(): { world: GapWorld; reset: () => Promise<void> } {
  const rule = {
    fault: "missing_hours" as const,
    ranges: [[OUTAGE.start, OUTAGE.end] as [number, number]],
    healedAt: NOW + 30 * MINUTE_MS,
  };
  const world = new GapWorld({
    db,
    bucket: env.TIMESERIES,
    site: "ses_crash",
    now: NOW,
    hours: 4,
    points: 2,
    faults: { rules: [rule] },
  });
  const prepare = preparedStorage(
    async () => {
      await world.sync.catchUp();
      await world.settle(DAY);
      await world.hourly();
      world.sync.clock.set(NOW + HOUR_MS);
      await world.sync.catchUp();
    },
    env.TIMESERIES,
    [db],
  );
  const reset = async () => {
    await prepare();
    world.sync.clock.set(NOW + HOUR_MS);
  };
  return { world, reset };
}

async function everything(world: GapWorld): Promise<unknown> {
  const { siteId } = await world.sync.state();
  const names = new Map([...(await loadCatalog(db, siteId)).values()].map(({ id, name }) => [id, name]));
  const rollups = (await storedPointDays(db)).flatMap(({ pointId, day, rows, hours }) =>
    names.has(pointId) ? [[names.get(pointId), day, rows, hours]] : [],
  );
  const gaps = (await world.gaps()).map(({ start, end, state, recovered }) => [start, end, state, recovered]);
  const build = { site: { id: siteId, name: world.sync.site }, day: DAY };
  const file = await db.prepare("SELECT rows, state FROM day_files WHERE site_id = ?1").bind(siteId).first();
  return { lines: await storedDay(db, env.TIMESERIES, build), rollups, gaps, file };
}

/** The hourly run up to its crash. @returns the calls that it made */
async function dyingRun(world: GapWorld, point: CrashPoint): Promise<number> {
  const { db: real, upstream } = world.sync;
  const { bucket } = world;
  world.sync.upstream = point.upstream(upstream);
  await world
    .hourly({ db: point.database(real), bucket: point.bucket(bucket), ace: world.sync.client() })
    .catch((error: Error) => error);
  world.sync.upstream = upstream;
  return point.calls;
}

/** Two more hourly runs: a note about a gap before a crash may delay the next attempt. */
async function goOn(world: GapWorld): Promise<void> {
  for (const minutes of [51, 102]) {
    world.sync.clock.set(NOW + HOUR_MS + minutes * MINUTE_MS);
    await world.hourly();
  }
}

test("after a crash at any write later runs repair exactly the gap's samples", async () => {
  const { world, reset } = gappedWorld();
  await reset();
  const calls = await dyingRun(world, new CrashPoint(Number.POSITIVE_INFINITY, "after", isWrite));
  expect(calls).toBeGreaterThan(5);
  await goOn(world);
  const expected = await everything(world);
  expect(expected).toMatchObject({ gaps: [[expect.any(Number), expect.any(Number), "repaired", MISSED]] });
  const watermark = NOW + HOUR_MS;
  for (let nth = 0; nth < calls; nth++) {
    await reset();
    const point = new CrashPoint(nth, "after", isWrite);
    await dyingRun(world, point);
    expect(point.happened).toBe(true);
    await goOn(world);
    const context = `crash after write ${nth}: ${point.made.at(nth) ?? ""}`;
    expect(await everything(world), context).toEqual(expected);
    expect((await world.sync.state()).watermark, context).toBe(watermark);
  }
});
