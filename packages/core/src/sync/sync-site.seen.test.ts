import { createBuilding } from "@building-vitals/ace-simulator/building";
import { beforeAll, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { sourceSamples, storedWeather } from "../../test/stored-samples.ts";
import { MINUTE_MS, SyncWorld } from "../../test/sync-world.ts";
import { addDiscoveredPoints, loadCatalog } from "../catalog/catalog.ts";
import { HOUR_MS } from "../domain/hour.ts";

const START = Date.UTC(2025, 9, 12, 14, 2, 7, 313);
const DAY_MS = 24 * HOUR_MS;

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
});

function building(site: string) {
  return createBuilding({
    seed: 9,
    site,
    timezone: "UTC",
    points: 6,
    collectInterval: 600,
    weather: site.includes("weather"),
  });
}

test("first_seen is exact, and last_seen at most a day old, after catch-up", async () => {
  const source = building("ses_seen_days");
  const [alone] = source.points;
  // one point exists from the start, the others start one by one: every window has a first sample
  const since = (number: number) => (number === 0 ? 0 : (START - 3 * DAY_MS + number * 12 * HOUR_MS) * 1000);
  const growing = {
    ...source,
    pointsAt: (scrape: number) =>
      Array.from(source.pointsAt(scrape)).filter((number) => source.timeOf(scrape) >= since(number)),
    hasSample: (number: number, scrape: number) =>
      source.hasSample(number, scrape) && source.timeOf(scrape) >= since(number),
  };
  const world = new SyncWorld({ db, source: growing, now: START, initialLookbackMs: 3 * DAY_MS });
  expect(await world.sync()).toMatchObject({ complete: true });
  const lines = sourceSamples(growing, { start: START - 3 * DAY_MS, end: START }).map((line) => line.split(" "));
  const { siteId } = await world.state();
  const catalog = await loadCatalog(db, siteId);
  for (const { name, collect_enabled: enabled } of growing.points) {
    if (!enabled) continue;
    const times = lines.filter(([point]) => point === name).map(([, time]) => Number(time));
    const { firstSeen, lastSeen } = catalog.get(name)!;
    expect(firstSeen).toBe(Math.min(...times));
    expect(Math.max(...times) - (lastSeen ?? 0)).toBeLessThan(DAY_MS);
  }
  expect(catalog.get(alone!.name)?.lastSeen).toBeGreaterThan(START - DAY_MS);
});

test("a weather point first discovered in the data becomes the feed's", async () => {
  const source = building("ses_weather_known");
  const world = new SyncWorld({ db, source, now: START });
  const { siteId } = await world.state();
  await addDiscoveredPoints(db, siteId, ["weather.temperature"]);
  expect(await world.sync()).toMatchObject({ complete: true, errors: [] });
  const point = (await loadCatalog(db, siteId)).get("weather.temperature");
  expect(point).toMatchObject({ source: "weather", configured: true });
  const range = { start: START - world.settings.initialLookbackMs, end: START };
  expect(await storedWeather(db, siteId, { start: START - DAY_MS, end: START + MINUTE_MS })).toEqual(
    sourceSamples(source, range).filter((line) => line.startsWith("weather.")),
  );
});
