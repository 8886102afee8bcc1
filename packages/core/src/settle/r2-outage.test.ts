import { createBuilding } from "@building-vitals/ace-simulator/building";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { readSiteInputs } from "../alerts/site-inputs.ts";
import { migratedDatabase } from "../../test/database.ts";
import { interceptedBucket } from "../../test/intercepted-bucket.ts";
import { SettleWorld } from "../../test/settle-world.ts";
import { differences, sourceSamples } from "../../test/stored-samples.ts";
import { SyncWorld } from "../../test/sync-world.ts";
import { dayRange, dayStart } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { beginSite } from "../gaps/gap-sites.ts";
import { readSettleState } from "../store/settle-state.ts";

const DAY = 20_373;
const DAYS = [DAY, DAY + 1, DAY + 2];
const LAST = DAY + 2;

const source = createBuilding({
  seed: 7,
  site: "ses_outage",
  timezone: "America/Chicago",
  points: 2,
  collectInterval: 600,
  weather: false,
});

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
  vi.spyOn(console, "log").mockReturnValue();
  vi.spyOn(console, "error").mockReturnValue();
});
afterEach(() => vi.restoreAllMocks());

/** Runs due instances as the crons and the engine do. A failed instance ends, and the next cron records it. */
async function settleDue(world: SettleWorld): Promise<number[]> {
  const days: number[] = [];
  for (let day = await world.supervise(); day !== null; day = await world.supervise()) {
    days.push(day);
    const appointed = (await world.appointed())!;
    await world.run().catch((error: unknown) => {
      world.states.set(appointed.instance, { is: "ended", reason: String(error) });
    });
  }
  return days;
}

test("days wait in D1 while R2 is down; then the oldest is settled first", async () => {
  const sync = new SyncWorld({ db, source, now: dayStart(DAY) + HOUR_MS, initialLookbackMs: 2 * HOUR_MS });
  await sync.catchUp();
  // hours of the day before, which this test does not use
  await db.prepare("DELETE FROM hot_hours WHERE hour < ?1").bind(dayStart(DAY)).run();
  const world = await SettleWorld.of(sync);
  await beginSite(db, world.site.id, DAY);
  let isDown = true;
  world.bucket = interceptedBucket(env.TIMESERIES, (execute, call) => {
    if (isDown) throw new Error(`${call}: We encountered an internal error. Please try again. (10001)`);
    return execute();
  });

  let tries = 0;
  for (const day of DAYS) {
    sync.clock.set(dayRange(day).end + 3 * HOUR_MS);
    for (const { complete, errors } of await sync.catchUp()) expect([complete, errors]).toEqual([true, []]);
    // two cron runs a night; each tries the due day
    for (const later of [0, 5 * HOUR_MS]) {
      sync.clock.set(dayRange(day).end + 3 * HOUR_MS + later);
      tries += (await settleDue(world)).length;
    }
  }
  expect(tries).toBeGreaterThanOrEqual(2 * DAYS.length);
  // a day that keeps failing is tried every 12 hours
  const now = dayRange(LAST).end + 21 * HOUR_MS;
  sync.clock.set(now);
  const waiting = await readSettleState(db, world.site.id, now);
  expect(waiting).toMatchObject({ awaiting: 3, due: 3, oldestDue: DAY, failed: 3, lastSettledAt: null });
  expect((await world.row(DAY))?.reason).toContain("10001");
  // three days, although each failed run postpones the day
  expect((now - waiting.dueSince!) / HOUR_MS).toBeGreaterThan(60);
  const { sites } = await readSiteInputs(db, [sync.site], now);
  expect(sites[0]?.dueSince).toBe(waiting.dueSince);
  for (const day of DAYS) {
    expect(differences(sourceSamples(source, dayRange(day)), await world.query(day))).toEqual([]);
  }

  // R2 returns when only the last day is due on its own
  isDown = false;
  const back = dayRange(LAST).end + 11 * HOUR_MS;
  sync.clock.set(back);
  expect((await world.row(LAST))?.dueAt).toBeLessThan(back);
  expect((await world.row(DAY))?.dueAt).toBeGreaterThan(back);
  expect(await settleDue(world)).toEqual(DAYS);
  expect(await readSettleState(db, world.site.id, now)).toMatchObject({
    awaiting: 0,
    due: 0,
    failed: 0,
    dueSince: null,
  });
  for (const day of DAYS) {
    expect(differences(sourceSamples(source, dayRange(day)), await world.query(day))).toEqual([]);
  }
  const left = db
    .prepare("SELECT count(*) AS n FROM segments WHERE key >> 24 & 65535 BETWEEN ?1 AND ?2")
    .bind(DAY, LAST);
  expect(await left.first("n")).toBe(0);
});
