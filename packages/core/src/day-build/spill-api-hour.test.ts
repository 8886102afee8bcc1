import { AdaptivePageSize } from "../ace/adaptive-page-size.ts";
import { createBuilding } from "@building-vitals/ace-simulator/building";
import { env } from "cloudflare:workers";
import { beforeAll, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { sourceSamples, storedSamples } from "../../test/stored-samples.ts";
import { SyncWorld } from "../../test/sync-world.ts";
import { loadCatalog } from "../catalog/catalog.ts";
import { dayOf, dayStart } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { spillApiHour } from "./spill-api-hour.ts";
import { spillKey } from "../r2/staging.ts";

const START = Date.UTC(2025, 9, 12, 14, 2);
const DAY = dayOf(START) - 3;

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
});

const FIVE = 5;

function building(site: string, points: number) {
  const rest = { unconfiguredPoints: 0, collectInterval: 600, weather: false } as const;
  return createBuilding({ seed: 4, site, timezone: "UTC", points, ...rest });
}

/** A site with five synced points. Its building then has more points: in its data, and in its list or not. */
async function grown(site: string, points: number, isListed = true) {
  const world = new SyncWorld({ db, source: building(site, FIVE), now: START });
  await world.sync();
  const larger = building(site, points);
  const records = larger.points.map((point, i) => ({ ...point, collect_enabled: isListed || i < FIVE }));
  const source = { ...larger, points: records };
  world.upstream = world.simulate([source]);
  world.asked.length = 0;
  const { siteId } = await world.state();
  const build = { build: `build_${site}`, site: { id: siteId, name: site }, day: DAY };
  const fetchHour = (hour: number) =>
    spillApiHour(
      {
        db,
        bucket: env.TIMESERIES,
        ace: world.client(),
        pageSize: new AdaptivePageSize(100_000, null, Date.now),
        now: world.clock.now,
      },
      build,
      hour,
    );
  const rows = (hour: number) => {
    const start = dayStart(DAY) + hour * HOUR_MS;
    return sourceSamples(source, { start, end: start + HOUR_MS });
  };
  const lists = () => world.asked.filter((path) => path.endsWith("/configured_points")).length;
  return { world, source, build, fetchHour, rows, lists };
}

test("a new name makes the list be requested, and its samples are kept", async () => {
  const { world, source, fetchHour, rows, lists } = await grown("ses_new", 7);
  expect(rows(3).length).toBe(42);
  expect(await fetchHour(3)).toEqual({
    asked: world.clock.now(),
    apiCalls: 2,
    retries: 0,
    records: 42,
    samples: 42,
    rejected: {},
  });
  expect(await fetchHour(4)).toMatchObject({ apiCalls: 1, samples: 42, rejected: {} });
  expect(lists()).toBe(1);
  // Rejections are counted again when the clock makes the list due.
  await world.clock.sleep(300_000);
  expect(await world.sync()).toMatchObject({ recordsRejected: {} });
  const { siteId, watermark } = await world.state();
  const window = { start: START - 10 * 60_000, end: watermark! };
  expect(await storedSamples(db, siteId, window)).toEqual(sourceSamples(source, window));
});

test("a name that the list lacks is asked for once", async () => {
  const { build, fetchHour, rows, lists } = await grown("ses_unlisted", 8, false);
  for (const hour of [3, 4]) {
    expect(await fetchHour(hour)).toMatchObject({ samples: rows(hour).length, rejected: { unconfigured: 18 } });
  }
  expect(lists()).toBe(1);
  expect([...(await loadCatalog(db, build.site.id)).values()].filter(({ configured }) => !configured).length).toBe(3);
});

test("a name missing from an old list is requested again, its samples kept", async () => {
  const { world, source, fetchHour, rows, lists } = await grown("ses_listed_late_spill", 8, false);
  await fetchHour(3);
  const listed = { ...source, points: source.points.map((point) => ({ ...point, collect_enabled: true })) };
  world.upstream = world.simulate([listed]);
  await world.clock.sleep(10 * 60_000);
  expect(await fetchHour(4)).toMatchObject({ samples: rows(4).length + 18, rejected: {} });
  expect(lists()).toBe(2);
});

test("an hour fails if no list says whether its samples are wanted", async () => {
  const { world, build, fetchHour } = await grown("ses_no_list", 7);
  const { upstream } = world;
  world.upstream = (request) =>
    request.url.includes("/configured_points") ? Promise.resolve(new Response("", { status: 403 })) : upstream(request);
  await expect(fetchHour(3)).rejects.toMatchObject({ status: 403 });
  expect(await env.TIMESERIES.head(spillKey(build, 3))).toBeNull();
});
