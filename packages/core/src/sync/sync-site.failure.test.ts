import { createBuilding } from "@building-vitals/ace-simulator/building";
import { beforeAll, describe, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { differences, sourceSamples, storedSamples, storedWeather } from "../../test/stored-samples.ts";
import { MINUTE_MS, SyncWorld } from "../../test/sync-world.ts";
import { loadCatalog } from "../catalog/catalog.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { totalRejected } from "../domain/rejection.ts";
import { refreshCatalog } from "../catalog/refresh-catalog.ts";

const START = Date.UTC(2025, 9, 12, 14, 2, 7, 313);

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
});

function building(site: string, weather = true) {
  return createBuilding({ seed: 3, site, timezone: "America/Chicago", points: 20, collectInterval: 60, weather });
}

async function expectAllStored(world: SyncWorld, source: ReturnType<typeof building>): Promise<void> {
  const range = { start: START - HOUR_MS, end: world.clock.now() };
  const { siteId } = await world.state();
  expect(differences(sourceSamples(source, range), await storedSamples(db, siteId, range))).toEqual([]);
}

describe("weather never fails a sync", () => {
  test.each(["500", "429", "html", "cut"] as const)("%s", async (fault) => {
    const source = building(`ses_weather_${fault}`);
    const faults = { rules: [{ fault, endpoint: "weather" as const }] };
    const world = new SyncWorld({ db, source, now: START, faults });
    const result = await world.sync();
    expect(result).toMatchObject({ complete: true, incompleteBecause: null });
    expect(result.errors.map((error) => error.stage)).toEqual(["weather"]);
    await expectAllStored(world, source);
  });

  test("a feed that hangs leaves most of the budget to the samples", async () => {
    const source = building("ses_weather_hang");
    const faults = { rules: [{ fault: "hang" as const, endpoint: "weather" as const }] };
    const world = new SyncWorld({ db, source, now: START, faults, timeoutMs: 200 });
    const { upstream } = world;
    world.upstream = async (request) => {
      if (request.url.includes("/weather")) await world.clock.sleep(3_000);
      return upstream(request);
    };
    const result = await world.sync();
    expect(result).toMatchObject({ complete: true, errors: [{ stage: "weather", code: "timeout" }] });
    expect(world.clock.now() - START).toBeLessThan(10_000);
    await expectAllStored(world, source);
  });

  test("readings are stored even if the samples fail", async () => {
    const source = building("ses_weather_alone");
    const faults = { rules: [{ fault: "503" as const, endpoint: "timeseries" as const }] };
    const world = new SyncWorld({ db, source, now: START, faults });
    const result = await world.sync();
    expect(result).toMatchObject({ complete: false, incompleteBecause: "error", watermark: null });
    const { siteId } = await world.state();
    const stored = await storedWeather(db, siteId, { start: START - 24 * HOUR_MS, end: START + HOUR_MS });
    expect(stored.length).toBeGreaterThan(5);
    expect(result.recordsInserted).toBe(stored.length);
    expect(result.recordsFetched).toBe(stored.length + totalRejected(result.recordsRejected));
  });

  test("a site without a feed is no error, and costs one call", async () => {
    const source = building("ses_weather_none", false);
    const world = new SyncWorld({ db, source, now: START });
    expect(await world.sync()).toMatchObject({ complete: true, errors: [] });
    expect(world.asked.filter((path) => path.endsWith("/weather")).length).toBe(1);
    await expectAllStored(world, source);
  });
});

describe("the catalogue", () => {
  test("that is not available on the first run leaves nothing stored", async () => {
    const source = building("ses_no_list");
    const faults = { rules: [{ fault: "503" as const, endpoint: "configured_points" as const }] };
    const world = new SyncWorld({ db, source, now: START, faults });
    const result = await world.sync();
    expect(result).toMatchObject({ complete: false, incompleteBecause: "error", watermark: null, recordsFetched: 0 });
    expect(result.errors).toMatchObject([{ stage: "catalog", code: "http" }]);
    const state = await world.state();
    expect(state).toMatchObject({ catalogAt: null, watermark: null, open: null });
    expect((await loadCatalog(db, state.siteId)).size).toBe(0);
    world.upstream = world.simulate([source]);
    await world.catchUp();
    await expectAllStored(world, source);
  });

  test("is not replaced by an empty list", async () => {
    const source = building("ses_empty_list");
    const world = new SyncWorld({ db, source, now: START });
    const none = { ...source, points: source.points.map((point) => ({ ...point, collect_enabled: false })) };
    world.upstream = world.simulate([none]);
    expect((await world.sync()).errors).toMatchObject([{ stage: "catalog", code: "empty_catalog" }]);

    world.upstream = world.simulate([source]);
    await world.sync();
    const { siteId, catalogAt } = await world.state();
    const before = await loadCatalog(db, siteId);
    world.upstream = world.simulate([none]);
    await expect(refreshCatalog(db, world.client(), world.site, siteId, START + 1)).rejects.toThrow(
      /no configured points/,
    );
    expect(await loadCatalog(db, siteId)).toEqual(before);
    expect((await world.state()).catalogAt).toBe(catalogAt);
  });

  test("not available for a new name: the page is stored by the next run", async () => {
    const source = building("ses_meet", false);
    const isNew = (name: string) => name === source.points[4]!.name;
    const hidden = { ...source, points: source.points.map((p) => (isNew(p.name) ? { ...p, name: "other/name" } : p)) };
    const world = new SyncWorld({ db, source, now: START });
    world.upstream = world.simulate([hidden]);
    await world.sync();
    await world.clock.sleep(5 * MINUTE_MS);
    world.upstream = world.simulate([source], { rules: [{ fault: "500", endpoint: "configured_points" }] });
    const failed = await world.sync();
    expect(failed).toMatchObject({ complete: false, watermark: new Date(START).toISOString(), recordsInserted: 0 });
    expect(failed.recordsFailed).toBe(failed.recordsFetched);
    world.upstream = world.simulate([source]);
    await world.catchUp();
    const since = { start: START, end: world.clock.now() };
    const { siteId } = await world.state();
    expect(differences(sourceSamples(source, since), await storedSamples(db, siteId, since))).toEqual([]);
  });
});
