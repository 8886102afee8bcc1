import { createBuilding } from "@building-vitals/ace-simulator/building";
import { beforeAll, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { differences, sourceSamples, storedSamples } from "../../test/stored-samples.ts";
import { MINUTE_MS, SyncWorld } from "../../test/sync-world.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { syncSite } from "./sync-site.ts";

const START = Date.UTC(2025, 9, 12, 14, 2, 7, 313);
const DAY_MS = 24 * HOUR_MS;

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
});

function building(site: string) {
  return createBuilding({ seed: 3, site, timezone: "America/Chicago", points: 20, collectInterval: 60 });
}

async function expectAllStored(world: SyncWorld, source: ReturnType<typeof building>, start: number): Promise<void> {
  const range = { start, end: world.clock.now() };
  const { siteId } = await world.state();
  expect(differences(sourceSamples(source, range), await storedSamples(db, siteId, range))).toEqual([]);
}

/** Makes every page of samples take this long. */
function slowPages(world: SyncWorld, ms: number): void {
  const { upstream } = world;
  world.upstream = async (request) => {
    if (request.url.includes("/timeseries/")) await world.clock.sleep(ms);
    return upstream(request);
  };
}

test("a day behind is caught up hour by hour, in one run if the budget allows", async () => {
  const source = building("ses_day");
  const world = new SyncWorld({ db, source, now: START, initialLookbackMs: DAY_MS });
  const result = await world.sync();
  expect(result).toMatchObject({ complete: true, window: { start: new Date(START - DAY_MS).toISOString() } });
  expect(world.asked.filter((path) => path.endsWith("/paginated")).length).toBe(24);
  await expectAllStored(world, source, START - DAY_MS);
});

test("the budget ends a run between windows; later runs reach the present", async () => {
  const source = building("ses_budget");
  const world = new SyncWorld({ db, source, now: START, initialLookbackMs: 8 * HOUR_MS });
  slowPages(world, 4_000);
  const first = await world.sync(10_000);
  // the third page started before the deadline, and is stored
  expect(first).toMatchObject({ complete: false, incompleteBecause: "budget", errors: [] });
  expect(first.watermark).toBe(new Date(START - 5 * HOUR_MS).toISOString());
  const rest = await world.catchUp(10_000);
  expect(rest.length).toBe(2);
  expect(rest.every((result) => result.errors.length === 0)).toBe(true);
  await expectAllStored(world, source, START - 8 * HOUR_MS);
});

test("the budget ends a run inside a window; the next continues at its cursor", async () => {
  const source = building("ses_cursor");
  const world = new SyncWorld({ db, source, now: START, initialLookbackMs: 2 * HOUR_MS, pageSize: 100 });
  slowPages(world, 1_500);
  const first = await world.sync(10_000);
  expect(first).toMatchObject({ complete: false, incompleteBecause: "budget", watermark: null });
  const { open } = await world.state();
  expect(open?.range).toEqual({ start: START - 2 * HOUR_MS, end: START - HOUR_MS });
  const results = [first, ...(await world.catchUp(10_000))];
  expect(results.length).toBeGreaterThan(3);
  // no page was requested twice but those of the lookbacks: one per window after the first
  const fetched = results.reduce((sum, result) => sum + result.recordsFetched, 0);
  const inserted = results.reduce((sum, result) => sum + result.recordsInserted, 0);
  expect(fetched - inserted).toBeLessThan(3 * 20 * 12 + 2 * 60 * results.length);
  await expectAllStored(world, source, START - 2 * HOUR_MS);
});

test("a page size below one scrape gets through it, and through the page limit", async () => {
  const source = building("ses_limit");
  const world = new SyncWorld({ db, source, now: START, initialLookbackMs: 40 * MINUTE_MS, pageSize: 3 });
  const first = await world.sync();
  expect(first).toMatchObject({ complete: false, incompleteBecause: "page_limit", errors: [], watermark: null });
  expect(first.recordsFetched).toBe(200 * 3 + 9);
  await world.catchUp();
  await expectAllStored(world, source, START - 40 * MINUTE_MS);
});

test("two runs at once are harmless, and so is one that started long ago", async () => {
  const source = building("ses_overlap");
  const world = new SyncWorld({ db, source, now: START, pageSize: 100 });
  const stale = await world.state();
  await Promise.all([world.sync(), world.sync()]);
  const { watermark } = await world.state();
  expect(watermark).toBe(START);
  await world.clock.sleep(15 * MINUTE_MS);
  const [left, right] = await Promise.all([world.sync(), world.sync()]);
  expect([left.errors, right.errors]).toEqual([[], []]);
  await expectAllStored(world, source, START - HOUR_MS);

  // its state is an hour old, with nothing stored
  const ahead = await world.state();
  const context = { ...world.context(), now: () => START - 30 * MINUTE_MS };
  await syncSite({ ...context, deadline: START }, world.site, stale);
  expect((await world.state()).watermark).toBe(ahead.watermark);
  await world.sync();
  await expectAllStored(world, source, START - HOUR_MS);
});

test("if the clock steps back, the watermark stays, and no future is requested", async () => {
  const source = building("ses_clock");
  const world = new SyncWorld({ db, source, now: START });
  await world.sync();
  for (const [back, window] of [
    [4, true],
    [30, false],
  ] as const) {
    world.clock.set(START - back * MINUTE_MS);
    const result = await world.sync();
    expect(result).toMatchObject({ complete: true, watermark: new Date(START).toISOString(), errors: [] });
    expect(result.window?.end).toBe(window ? new Date(world.clock.now()).toISOString() : undefined);
    expect((await world.state()).watermark).toBe(START);
  }
  world.clock.set(START + 5 * MINUTE_MS);
  await world.sync();
  await expectAllStored(world, source, START - HOUR_MS);
});

test("an open window does not overwrite a watermark set back by an operator", async () => {
  const source = building("ses_set_back");
  const world = new SyncWorld({ db, source, now: START });
  await world.sync();
  await world.clock.sleep(5 * MINUTE_MS);
  const { siteId, watermark } = await world.state();
  const setBack = START - 50 * MINUTE_MS;
  const { upstream } = world;
  world.upstream = async (request) => {
    await db.prepare("UPDATE sync_state SET watermark = ?1 WHERE site_id = ?2").bind(setBack, siteId).run();
    return upstream(request);
  };
  expect(watermark).toBe(START);
  await world.sync();
  expect((await world.state()).watermark).toBe(setBack);
});
