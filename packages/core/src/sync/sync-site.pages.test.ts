import { createBuilding } from "@building-vitals/ace-simulator/building";
import { beforeAll, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { differences, sourceSamples, storedSamples } from "../../test/stored-samples.ts";
import { SyncWorld } from "../../test/sync-world.ts";
import { HOUR_MS } from "../domain/hour.ts";

const START = Date.UTC(2025, 9, 12, 14, 2, 7, 313);
const BUDGET_MS = 25_000;
/** what a page takes that breaks off in the end */
const BROKEN_AFTER_MS = 10_000;

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
});

/** A site behind a link on which pages of more than `most` rows asked for always break off. */
function weakLink(site: string, most: number) {
  const source = createBuilding({
    seed: 4,
    site,
    timezone: "America/Chicago",
    points: 20,
    collectInterval: 60,
    weather: false,
  });
  const world = new SyncWorld({ db, source, now: START, pageSize: 100_000, initialLookbackMs: 3 * HOUR_MS });
  const sizes: number[] = [];
  const { upstream } = world;
  world.upstream = async (request) => {
    const size = new URL(request.url).searchParams.get("page_size");
    if (size === null) return upstream(request);
    sizes.push(Number(size));
    if (Number(size) <= most) return upstream(request);
    await world.clock.sleep(BROKEN_AFTER_MS);
    return new Response('{"point_samples":[{"name":"ses/');
  };
  return { source, world, sizes };
}

test("pages that always break off do not stall a site: what it learned is there in the next run", async () => {
  const { source, world, sizes } = weakLink("ses_weak", 10_000);
  const first = await world.sync(BUDGET_MS);
  expect(first).toMatchObject({ complete: false, recordsInserted: 0, watermark: null });
  expect(sizes.slice(0, 2)).toEqual([100_000, 100_000]);
  expect((await world.state()).smallerPages?.size).toBeLessThan(100_000);
  const runs = await world.catchUp(BUDGET_MS);
  expect(runs.length).toBeLessThanOrEqual(3);
  expect((await world.state()).smallerPages?.size).toBe(10_000);
  // a site's first window goes back from the run that stores its first page
  const range = { start: Date.parse(runs[0]!.window!.start), end: world.clock.now() };
  const { siteId } = await world.state();
  expect(differences(sourceSamples(source, range), await storedSamples(db, siteId, range))).toEqual([]);
});

test("after a day the setting's size is tried again, and kept where it works", async () => {
  const { world, sizes } = weakLink("ses_mended", 50_000);
  await world.sync(BUDGET_MS);
  await world.catchUp(BUDGET_MS);
  sizes.length = 0;
  await world.sync(BUDGET_MS);
  expect(new Set(sizes)).toEqual(new Set([50_000]));
  const { siteId } = await world.state();
  await db
    .prepare("UPDATE sync_state SET page_size_at = ?2 WHERE site_id = ?1")
    .bind(siteId, START - 48 * HOUR_MS)
    .run();
  sizes.length = 0;
  await world.sync(BUDGET_MS);
  expect(sizes[0]).toBe(100_000);
});

test("a setting below what was learned is what is asked for", async () => {
  const { world, sizes } = weakLink("ses_small_setting", 50_000);
  await world.sync(BUDGET_MS);
  Object.assign(world.settings, { pageSize: 5_000 });
  sizes.length = 0;
  await world.catchUp(BUDGET_MS);
  expect(new Set(sizes)).toEqual(new Set([5_000]));
});
