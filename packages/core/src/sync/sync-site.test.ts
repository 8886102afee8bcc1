import { createBuilding } from "@building-vitals/ace-simulator/building";
import type { ScrapeSource } from "@building-vitals/ace-simulator/scrape-source";
import { beforeAll, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { differences, sourceSamples, storedSamples, storedWeather } from "../../test/stored-samples.ts";
import { MINUTE_MS, SyncWorld } from "../../test/sync-world.ts";
import { loadCatalog } from "../catalog/catalog.ts";
import { totalRejected } from "../domain/rejection.ts";
import { refreshCatalog } from "../catalog/refresh-catalog.ts";
import type { SiteSyncResult } from "./sync-result.ts";

const START = Date.UTC(2025, 9, 12, 14, 2, 7, 313);

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
});

function building(site: string): ScrapeSource {
  return createBuilding({ seed: 7, site, timezone: "America/Chicago", points: 30, unconfiguredPoints: 3 });
}

function balance(result: SiteSyncResult): number {
  const { recordsInserted, recordsUnchanged, recordsFailed, recordsRejected } = result;
  return recordsInserted + recordsUnchanged + recordsFailed + totalRejected(recordsRejected);
}

test("syncs store exactly the configured points' samples, and counts balance", async () => {
  const source = building("ses_main");
  const world = new SyncWorld({ db, source, now: START });
  const results: SiteSyncResult[] = [];
  for (const minutes of [0, 5, 5, 7, 35, 61, 5, 0, 13]) {
    await world.clock.sleep(minutes * MINUTE_MS);
    results.push(await world.sync());
  }
  const now = world.clock.now();
  const range = { start: START - world.settings.initialLookbackMs, end: now };
  const { siteId, watermark, open } = await world.state();
  const expected = sourceSamples(source, range);
  const stored = await storedSamples(db, siteId, { start: range.start - 3_600_000, end: now + 3_600_000 });

  expect(expected.length).toBeGreaterThan(3_000);
  expect(differences(expected, stored)).toEqual([]);
  expect(watermark).toBe(now);
  expect(open).toBeNull();
  const inserted = results.reduce((sum, result) => sum + result.recordsInserted, 0);
  expect(inserted).toBe(expected.length);
  for (const result of results) {
    expect(result).toMatchObject({ complete: true, incompleteBecause: null, errors: [], recordsFailed: 0 });
    expect(result.recordsFetched).toBe(balance(result));
  }
  // the weather, a page, and the list, which is old and lacks served points
  expect(results.at(-1)).toMatchObject({
    apiCalls: 3,
    recordsChanged: 0,
    watermark: new Date(now).toISOString(),
    window: { start: new Date(now - 23 * MINUTE_MS).toISOString(), end: new Date(now).toISOString() },
  });
  const names = (lines: readonly string[]) => new Set(lines.map((line) => line.split(" ")[0])).size;
  const lastWindow = sourceSamples(source, { start: now - 23 * MINUTE_MS, end: now });
  expect(results.at(-1)?.pointsProcessed).toBe(names(lastWindow));
});

test("a feed's readings are samples of the points with the history", async () => {
  const source = building("ses_weather");
  const world = new SyncWorld({ db, source, now: START });
  const isShown = (line: string) => /^weather\.(temperature|wind_direction) /.test(line);
  const expected = new Set<string>();
  for (let run = 0; run < 4; run++) {
    await world.sync();
    const response = await world.upstream(
      new Request(`http://ace.test/api/sites/${world.site}/weather`, { headers: { authorization: "Bearer test-key" } }),
    );
    const { weather } = await response.json<{
      weather: Record<string, { value: string | null; time: string | null }>;
    }>();
    const { temp, wind_deg: wind } = weather;
    expected.add(`weather.temperature ${Date.parse(`${temp?.time}Z`)} ${Number(temp?.value)}`);
    expected.add(`weather.wind_direction ${Date.parse(`${wind?.time}Z`)} ${Number(wind?.value)}`);
    await world.clock.sleep(2 * MINUTE_MS);
  }
  const { siteId } = await world.state();
  const stored = await storedWeather(db, siteId, { start: START - 86_400_000, end: world.clock.now() });
  const range = { start: START - world.settings.initialLookbackMs, end: world.clock.now() };
  const history = sourceSamples(source, range).filter(isShown);
  expect([...expected].filter((reading) => !history.includes(reading))).toEqual([]);
  expect(stored.filter(isShown)).toEqual(history);
  const catalog = await loadCatalog(db, siteId);
  expect(catalog.get("weather.temperature")).toMatchObject({ source: "weather", configured: true });
  expect([...catalog.keys()].filter((name) => name.includes("/weather/"))).toEqual([]);
});

test("unconfigured points are counted, not stored, and recorded as discovered", async () => {
  const source = building("ses_unconfigured");
  const world = new SyncWorld({ db, source, now: START });
  const first = await world.sync();
  const hour = { start: START - world.settings.initialLookbackMs, end: START };
  const all = sourceSamples({ ...source, points: source.points.map((p) => ({ ...p, collect_enabled: true })) }, hour);
  const { siteId } = await world.state();
  const unconfigured = source.points.filter((point) => !point.collect_enabled).map((point) => point.name);

  expect(unconfigured.length).toBe(3);
  expect(first.recordsRejected).toEqual({ unconfigured: all.length - sourceSamples(source, hour).length });
  const catalog = await loadCatalog(db, siteId);
  for (const name of unconfigured) {
    expect(catalog.get(name)).toMatchObject({ source: "discovered", configured: false, firstSeen: null });
  }
  // known points cost no further request for the list
  world.asked.length = 0;
  await world.clock.sleep(5 * MINUTE_MS);
  await world.sync();
  expect(world.asked).toEqual([`/sites/${world.site}/weather`, `/sites/${world.site}/timeseries/paginated`]);
});

test("a point configured later is stored from the refresh's lookback on", async () => {
  const source = building("ses_later");
  const world = new SyncWorld({ db, source, now: START });
  await world.sync();
  const enabled = { ...source, points: source.points.map((point) => ({ ...point, collect_enabled: true })) };
  world.upstream = world.simulate([enabled]);
  const { siteId } = await world.state();
  await refreshCatalog(db, world.client(), world.site, siteId, world.clock.now());
  await world.clock.sleep(5 * MINUTE_MS);
  const result = await world.sync();

  expect(result.recordsRejected).toEqual({});
  const since = { start: START - world.settings.lookbackMs, end: world.clock.now() };
  expect(differences(sourceSamples(enabled, since), await storedSamples(db, siteId, since))).toEqual([]);
});

test("a point listed after its first samples is stored without a refresh", async () => {
  const source = building("ses_listed_late");
  const world = new SyncWorld({ db, source, now: START });
  await world.sync();
  const enabled = { ...source, points: source.points.map((point) => ({ ...point, collect_enabled: true })) };
  world.upstream = world.simulate([enabled]);
  const lists: number[] = [];
  for (let run = 1; run <= 3; run++) {
    world.asked.length = 0;
    await world.clock.sleep(5 * MINUTE_MS);
    expect(await world.sync()).toMatchObject({ complete: true, errors: [] });
    lists.push(world.asked.filter((path) => path.endsWith("/configured_points")).length);
  }
  expect(lists).toEqual([0, 1, 0]);
  const since = { start: START, end: world.clock.now() };
  const { siteId } = await world.state();
  expect(differences(sourceSamples(enabled, since), await storedSamples(db, siteId, since))).toEqual([]);
});

test("a list that fails when requested again delays no sample", async () => {
  const source = building("ses_list_lost");
  const world = new SyncWorld({ db, source, now: START });
  await world.sync();
  const { upstream } = world;
  let failed = 0;
  world.upstream = (request) => {
    if (!request.url.includes("/configured_points")) return upstream(request);
    failed++;
    return Promise.resolve(new Response("", { status: 500 }));
  };
  await world.clock.sleep(15 * MINUTE_MS);
  expect(await world.sync()).toMatchObject({ complete: true, errors: [] });
  expect(failed).toBeGreaterThan(0);
  const since = { start: START, end: START + 15 * MINUTE_MS };
  const { siteId } = await world.state();
  expect(differences(sourceSamples(source, since), await storedSamples(db, siteId, since))).toEqual([]);
});

test("a point new to list and data is stored from its first sample on", async () => {
  const source = building("ses_new_point");
  const isNew = (name: string) => name === source.points[20]!.name;
  const world = new SyncWorld({ db, source, now: START });
  const hidden = { ...source, points: source.points.map((p) => (isNew(p.name) ? { ...p, name: "other/name" } : p)) };
  world.upstream = world.simulate([hidden]);
  await world.sync();
  world.upstream = world.simulate([source]);
  await world.clock.sleep(15 * MINUTE_MS);
  const result = await world.sync();

  expect(result).toMatchObject({ complete: true, apiCalls: 3 });
  const since = { start: START, end: world.clock.now() };
  const { siteId } = await world.state();
  const expected = sourceSamples(source, since).filter((line) => isNew(line.split(" ")[0]!));
  const stored = (await storedSamples(db, siteId, since)).filter((line) => isNew(line.split(" ")[0]!));
  expect(expected.length).toBeGreaterThan(0);
  expect(stored).toEqual(expected);
});
