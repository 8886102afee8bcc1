import { createBuilding } from "@building-vitals/ace-simulator/building";
import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, expect, test } from "vitest";
import { emptyDatabase, migratedDatabase } from "../../test/database.ts";
import { queriedDay } from "../../test/queried-day.ts";
import { keysOf } from "../../test/stored-day.ts";
import { storedWeather } from "../../test/stored-samples.ts";
import { SyncWorld } from "../../test/sync-world.ts";
import { settleFromSegments } from "../day-build/settle-from-segments.ts";
import { readManifestDay } from "../manifest/manifest.ts";
import { markSuspect } from "../manifest/write-manifest.ts";
import { loadCatalog } from "../catalog/catalog.ts";
import { findPoints } from "../catalog/point-list.ts";
import { DAY_MS, dayOf, dayRange } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";

const START = Date.UTC(2025, 9, 12, 14, 2);
/** The time at which the feed is stuck: settled long ago. */
const STUCK = START - 30 * DAY_MS;
const DAY = dayOf(STUCK);

let db: D1Database;
let world: SyncWorld;
let site: { id: number; name: string };
/** the feed's temperature */
let feed: { value: string; time: number };
/** the same value as the feed writes it */
let form: (value: string, time: string) => object;

beforeAll(async () => {
  db = await migratedDatabase();
});
beforeEach(async () => {
  await emptyDatabase();
  const keys = await keysOf(env.TIMESERIES, "");
  if (keys.length > 0) await env.TIMESERIES.delete(keys);
  const size = { points: 3, collectInterval: 600, weather: false } as const;
  const source = createBuilding({ seed: 4, site: "ses_stuck", timezone: "UTC", ...size });
  world = new SyncWorld({ db, source, now: START, lookbackMs: HOUR_MS });
  feed = { value: "20.5", time: STUCK };
  form = (value, time) => ({ weather: { temp: { value, time } } });
  const simulated = world.upstream;
  world.upstream = (request) => {
    if (!request.url.includes("/weather")) return simulated(request);
    const time = new Date(feed.time).toISOString().slice(0, -1);
    return Promise.resolve(Response.json(form(feed.value, time)));
  };
  site = { id: (await world.state()).siteId, name: world.site };
});

/** A sync, five minutes later, with balanced counts. */
async function sync() {
  world.clock.set(world.clock.now() + 300_000);
  const result = await world.sync();
  const { recordsFetched, recordsInserted, recordsUnchanged, recordsFailed, recordsRejected } = result;
  const rejected = Object.values(recordsRejected).reduce((sum, count) => sum + count, 0);
  expect(recordsFetched).toBe(recordsInserted + recordsUnchanged + recordsFailed + rejected);
  expect(result).toMatchObject({ complete: true, errors: [], recordsFailed: 0 });
  return result;
}

const archive = () =>
  settleFromSegments(
    { db, bucket: env.TIMESERIES, hotDays: 0, now: world.clock.now },
    { build: crypto.randomUUID(), site, day: DAY },
  );
const hot = () => storedWeather(db, site.id, dayRange(DAY));
const line = ({ time, value }: typeof feed) => `weather.temperature ${time} ${Number(value)}`;
const all = () => queriedDay(db, env.TIMESERIES, { site, day: DAY });

test("a reading in its day's file counts as unchanged, and is not stored hot", async () => {
  const { pointsProcessed: points } = await sync();
  expect(await hot()).toEqual([line(feed)]);
  expect(await archive()).toMatchObject({ outcome: "settled", samples: 1 });
  const manifest = await readManifestDay(db, site.id, DAY);
  for (let i = 0; i < 3; i++) {
    const { recordsUnchanged, pointsProcessed } = await sync();
    expect(recordsUnchanged).toBeGreaterThan(0);
    expect(pointsProcessed).toBe(points);
    expect(await hot()).toEqual([]);
  }
  expect(await archive()).toMatchObject({ outcome: "nothing" });
  expect(await readManifestDay(db, site.id, DAY)).toEqual(manifest);
  expect(await all()).toEqual([line(feed)]);
});

test.each<[string, typeof form]>([
  ["nested", (value, time) => ({ weather: { temp: { value, time } } })],
  [
    "records",
    (value, timestamp) => ({
      data: [{ timestamp, temperature: Number(value), precipitation: 0, conditions: "clear" }],
    }),
  ],
  ["flat", (temp, timestamp) => ({ temp, timestamp })],
])("a feed is stored alike in each of its forms: %s", async (name, put) => {
  form = put;
  await sync();
  const rain = name === "records" ? [`weather.precipitation ${STUCK} 0`] : [];
  expect(await hot()).toEqual([...rain, line(feed)]);
});

/** The site's timeseries has these rows too, before the building's own. */
function withHistory(rows: () => readonly { readonly value: string; readonly time: number }[]): void {
  const { upstream } = world;
  world.upstream = async (request) => {
    const response = await upstream(request);
    if (!request.url.includes("/timeseries/paginated")) return response;
    const page = await response.json<{ point_samples: unknown[] }>();
    const name = `ses/${site.name}/weather/temp`;
    const readings = rows().map(({ value, time }) => ({
      name,
      value,
      time: new Date(time).toISOString().slice(0, -1),
    }));
    return Response.json({ ...page, point_samples: [...readings, ...page.point_samples] });
  };
}

test("history and feed are one point, and the history's value stays", async () => {
  let history = [{ value: "20.46", time: STUCK }];
  withHistory(() => history);
  await sync();
  expect(await hot()).toEqual([`weather.temperature ${STUCK} 20.46`]);
  history = [];
  // The history is outside the window, and the feed still serves its own value.
  expect(await sync()).toMatchObject({ recordsChanged: 0 });
  expect(await hot()).toEqual([`weather.temperature ${STUCK} 20.46`]);
  expect((await loadCatalog(db, site.id)).has(`ses/${site.name}/weather/temp`)).toBe(false);
});

test("a late history replaces the feed's value", async () => {
  let history: (typeof feed)[] = [];
  withHistory(() => history);
  await sync();
  expect(await hot()).toEqual([line(feed)]);
  history = [{ value: "20.46", time: STUCK }];
  expect(await sync()).toMatchObject({ recordsChanged: 1 });
  expect(await hot()).toEqual([`weather.temperature ${STUCK} 20.46`]);
});

test("a site without a feed has the history, and requests no list for it", async () => {
  withHistory(() => [{ value: "20.46", time: STUCK }]);
  const withHistoryOnly = world.upstream;
  world.upstream = (request) =>
    request.url.endsWith("/weather") ? Promise.resolve(new Response("{}", { status: 404 })) : withHistoryOnly(request);
  await sync();
  expect(await hot()).toEqual([`weather.temperature ${STUCK} 20.46`]);
  expect(await findPoints(db, site.name, ["weather.temperature"])).toMatchObject(
    new Map([["weather.temperature", { label: "Outdoor temperature", unit: "°C", configured: true }]]),
  );
  world.asked.length = 0;
  await sync();
  expect(world.asked.filter((path) => path.endsWith("points"))).toEqual([]);
});

test.each([
  ["later, in the same hour", 60_000],
  ["later, on the same day", HOUR_MS],
  ["earlier, seen for the first time", -HOUR_MS],
])("another reading is stored, with any content of the file: %s", async (_when, by) => {
  await sync();
  await archive();
  const old = feed;
  feed = { value: "22", time: STUCK + by };
  await sync();
  expect(await hot()).toEqual([line(feed)]);
  expect(await all()).toEqual([line(old), line(feed)].sort());
});

test("a reading whose file is suspect is stored again", async () => {
  await sync();
  await archive();
  const { etag } = (await readManifestDay(db, site.id, DAY))!.file!;
  await markSuspect(db, { siteId: site.id, day: DAY, etag }, "a test", START);
  await sync();
  expect(await hot()).toEqual([line(feed)]);
});

test("a reading that its file lacks is stored again", async () => {
  await sync();
  await archive();
  await db.prepare("DELETE FROM block_days").run();
  await sync();
  expect(await hot()).toEqual([line(feed)]);
});
