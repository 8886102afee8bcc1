import { createBuilding } from "@building-vitals/ace-simulator/building";
import { beforeAll, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { differences, sourceSamples, storedSamples } from "../../test/stored-samples.ts";
import { MINUTE_MS, SyncWorld } from "../../test/sync-world.ts";
import { HOUR_MS } from "../domain/hour.ts";

const START = Date.UTC(2025, 9, 12, 14, 2, 7, 313);
const BUDGET_MS = 25_000;
/** duration of a page that breaks off */
const BROKEN_AFTER_MS = 10_000;

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
});

type Failure = (world: SyncWorld) => Response | Promise<Response>;

/** A page that breaks off after 10 s. */
const breaksOff: Failure = async (world) => {
  await world.clock.sleep(BROKEN_AFTER_MS);
  return new Response('{"point_samples":[{"name":"ses/');
};

/** A site whose link fails for pages of more than `link.most` requested rows. */
function weakLink(site: string, most: number, fail: Failure = breaksOff) {
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
  const link = { most };
  const { upstream } = world;
  world.upstream = async (request) => {
    const size = Number(new URL(request.url).searchParams.get("page_size"));
    if (size > 0) sizes.push(size);
    return size > link.most ? fail(world) : upstream(request);
  };
  const expectAllStored = async (start: number) => {
    const range = { start, end: world.clock.now() };
    const { siteId } = await world.state();
    expect(differences(sourceSamples(source, range), await storedSamples(db, siteId, range))).toEqual([]);
  };
  return { world, sizes, link, expectAllStored };
}

test("a next run knows the size at which pages do not break off", async () => {
  const { world, sizes, expectAllStored } = weakLink("ses_weak", 10_000);
  const first = await world.sync(BUDGET_MS);
  expect(first).toMatchObject({ complete: false, recordsInserted: 0, watermark: null });
  expect(sizes.slice(0, 2)).toEqual([100_000, 100_000]);
  const runs = await world.catchUp(BUDGET_MS);
  expect(runs.length).toBeLessThanOrEqual(3);
  expect((await world.state()).smallerPages).toMatchObject({ size: 10_000, reason: "broken_body" });
  // a site's first window starts at the lookback of the run that stores its first page
  await expectAllStored(Date.parse(runs[0]!.window!.start));
});

test.each([500, 502, 503, 413])("pages that get %i are requested smaller in the same run", async (status) => {
  const { world, sizes, expectAllStored } = weakLink(`ses_size_${status}`, 10_000, () => new Response("", { status }));
  expect(await world.sync(BUDGET_MS)).toMatchObject({ complete: true, errors: [] });
  expect(new Set(sizes)).toEqual(new Set([100_000, 50_000, 10_000]));
  expect((await world.state()).smallerPages).toMatchObject({ size: 10_000, reason: `http_${status}` });
  await expectAllStored(START - 3 * HOUR_MS);
});

test("a size that failed is tried again within minutes, and kept if it works", async () => {
  const { world, sizes, link } = weakLink("ses_mended", 10_000);
  await world.sync(BUDGET_MS);
  await world.catchUp(BUDGET_MS);
  link.most = Infinity;
  sizes.length = 0;
  for (let run = 0; run < 3; run++) {
    await world.clock.sleep(5 * MINUTE_MS);
    expect(await world.sync(BUDGET_MS)).toMatchObject({ complete: true });
  }
  expect(sizes).toEqual([50_000, 100_000, 100_000]);
});

test("an outage with 502 leaves the size unchanged", async () => {
  const { world, link } = weakLink("ses_502", 0, () => new Response("", { status: 502 }));
  expect(await world.sync(BUDGET_MS)).toMatchObject({ incompleteBecause: "error", errors: [{ code: "http" }] });
  link.most = Infinity;
  expect((await world.state()).smallerPages).toBeNull();
});

test("a maintenance page of 16 s does not change the size", async () => {
  const { world, sizes, link } = weakLink("ses_html", 0, () => new Response("<html>maintenance</html>"));
  const { upstream } = world;
  world.upstream = async (request) => {
    if (world.clock.now() >= START + 16_000) link.most = Infinity;
    return upstream(request);
  };
  const result = await world.sync(BUDGET_MS);
  if (!result.complete) expect(result.errors).toMatchObject([{ stage: "timeseries", code: "not_json" }]);
  await world.catchUp(BUDGET_MS);
  expect(new Set(sizes)).toEqual(new Set([100_000]));
  expect((await world.state()).smallerPages).toBeNull();
});

test("a page that takes longer than the budget is stored, and ends the run", async () => {
  const { world, expectAllStored } = weakLink("ses_slow_page", Infinity);
  const { upstream } = world;
  world.upstream = async (request) => {
    if (request.url.includes("page_size")) await world.clock.sleep(28_000);
    return upstream(request);
  };
  const first = await world.sync(BUDGET_MS);
  expect(first).toMatchObject({ incompleteBecause: "budget", errors: [] });
  expect(first.watermark).toBe(new Date(START - 2 * HOUR_MS).toISOString());
  await world.catchUp(BUDGET_MS);
  await expectAllStored(START - 3 * HOUR_MS);
});

test("a setting below the learned size is used", async () => {
  const { world, sizes } = weakLink("ses_small_setting", 50_000);
  await world.sync(BUDGET_MS);
  Object.assign(world.settings, { pageSize: 5_000 });
  sizes.length = 0;
  await world.catchUp(BUDGET_MS);
  expect(new Set(sizes)).toEqual(new Set([5_000]));
});
