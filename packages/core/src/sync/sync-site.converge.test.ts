import { createBuilding } from "@building-vitals/ace-simulator/building";
import { formatRowTime } from "@building-vitals/ace-simulator/api/cursor";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { differences, sourceSamples, storedSamples } from "../../test/stored-samples.ts";
import { MINUTE_MS, SyncWorld } from "../../test/sync-world.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { rememberPageSize } from "./sync-state.ts";

const START = Date.UTC(2025, 9, 12, 14, 2, 7, 313);
const CRON_MS = 5 * MINUTE_MS;

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
});

function building(site: string, points: number) {
  return createBuilding({ seed: 6, site, timezone: "America/Chicago", points, collectInterval: 60, weather: false });
}

/** One sync as the cron starts it, and the wait for the next one. */
async function cron(world: SyncWorld) {
  const began = world.clock.now();
  const result = await world.sync();
  world.clock.set(Math.max(world.clock.now(), began + CRON_MS));
  return result;
}

const POINTS = 4_583;

/** An API with a row per point and minute. A page takes `ms`. It sends the first row of each minute only. */
function slowApi(world: SyncWorld, ms: number) {
  return async (request: Request): Promise<Response> => {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname.endsWith("/weather")) return new Response("{}", { status: 404 });
    if (pathname.endsWith("/configured_points")) {
      const items = [{ name: "first", collect_enabled: true }];
      return Response.json({ items, page: 1, pages: 1, per_page: 10_000, total: 1 });
    }
    await world.clock.sleep(ms);
    const rowAt = (parameter: string) => Math.ceil(Date.parse(searchParams.get(parameter) ?? "") / MINUTE_MS) * POINTS;
    const cursor = searchParams.get("cursor");
    const begin = cursor === null ? rowAt("start_time") : Number(cursor.slice(1));
    const end = Math.min(rowAt("end_time"), begin + Number(searchParams.get("page_size")));
    const point_samples = [];
    for (let minute = Math.ceil(begin / POINTS); minute * POINTS < end; minute++) {
      point_samples.push({ name: "first", value: "1", time: formatRowTime(minute * MINUTE_MS * 1000, "microseconds") });
    }
    const hasMore = end < rowAt("end_time");
    return Response.json({ point_samples, next_cursor: hasMore ? `r${end}` : null, has_more: hasMore });
  };
}

test.each([1_000, 5_000, 10_000])("4,583 points at %i ms a page: a backlog of six hours shrinks", async (ms) => {
  const world = new SyncWorld({
    db,
    source: building(`ses_slow_${ms}`, 1),
    now: START,
    initialLookbackMs: 6 * HOUR_MS,
  });
  world.upstream = slowApi(world, ms);
  // the worst state that an earlier run can leave: pages of a fifth of a minute
  const { siteId } = await world.state();
  const smaller = { size: 1_000, failures: 5, retryAt: START, reason: "timeout" } as const;
  await rememberPageSize(db, siteId, smaller, START);
  const lags: number[] = [];
  for (let runs = 0; runs < 30; runs++) {
    const { complete, errors } = await cron(world);
    expect(errors).toEqual([]);
    const { watermark } = await world.state();
    lags.push(world.clock.now() - (watermark ?? START - 6 * HOUR_MS));
    if (complete) break;
  }
  expect(lags.length).toBeLessThan(15);
  for (let i = 3; i < lags.length; i++) expect(lags[i]).toBeLessThan(lags[i - 3]!);
  // from then on it keeps up
  await cron(world);
  expect(await cron(world)).toMatchObject({ complete: true });
  const range = { start: START - 6 * HOUR_MS, end: START };
  expect(await storedSamples(db, siteId, range)).toHaveLength(6 * 60);
});

const source = building("ses_any", 20);
const FIRST = START - 90 * MINUTE_MS;
const everything = sourceSamples(source, { start: FIRST, end: START + 8 * HOUR_MS });

/** Faults of an API that still answers fresh requests of `most` rows. */
const apiArbitrary = fc.record({
  most: fc.constantFrom(1_000, 5_000, 10_000, 100_000),
  tooLarge: fc.constantFrom<"broken" | 408 | 413 | 500 | 502 | 504>("broken", 408, 413, 500, 502, 504),
  refuses: fc.constantFrom<"no cursor" | "saved cursors" | "all cursors">("no cursor", "saved cursors", "all cursors"),
  refusal: fc.constantFrom(400, 404, 410, 422, 500, 503),
  pageMs: fc.constantFrom(100, 4_000, 12_000, 27_000),
  outages: fc.array(
    fc.record({
      from: fc.integer({ min: 0, max: 20 }),
      minutes: fc.integer({ min: 1, max: 20 }),
      kind: fc.constantFrom<"html" | "network" | 429 | 401 | 503>("html", "network", 429, 401, 503),
    }),
    { maxLength: 2 },
  ),
});

const HARSH = { most: 1_000, tooLarge: "broken", refuses: "all cursors", pageMs: 12_000 } as const;

test("all samples are stored as long as fresh requests of some size succeed", async () => {
  let number = 0;
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(apiArbitrary, async ({ most, tooLarge, refuses, refusal, pageMs, outages }) => {
      const named = { ...source, site: { ...source.site, name: `ses_any_${number++}` } };
      const world = new SyncWorld({ db, source: named, now: FIRST });
      expect(await world.sync()).toMatchObject({ complete: true });
      world.clock.set(START);
      const simulated = world.upstream;
      let ofThisRun = new Set<string>();
      world.upstream = async (request) => {
        const query = new URL(request.url).searchParams;
        const minute = (world.clock.now() - START) / MINUTE_MS;
        const outage = outages.find(({ from, minutes }) => minute >= from && minute < from + minutes);
        if (outage?.kind === "network") throw new TypeError("connection lost");
        if (outage?.kind === "html") return new Response("<html>maintenance</html>");
        if (outage !== undefined) return new Response("", { status: outage.kind });
        if (!query.has("page_size")) return simulated(request);
        await world.clock.sleep(pageMs);
        const cursor = query.get("cursor");
        const isRefused = refuses === "all cursors" || (refuses === "saved cursors" && !ofThisRun.has(cursor ?? ""));
        if (cursor !== null && isRefused) {
          refused++;
          return new Response("", { status: refusal });
        }
        if (Number(query.get("page_size")) > most) {
          return tooLarge === "broken" ? new Response('{"point_samples":[') : new Response("", { status: tooLarge });
        }
        const response = await simulated(request);
        const page = await response.clone().json<{ next_cursor: string | null }>();
        if (page.next_cursor !== null) ofThisRun.add(page.next_cursor);
        return response;
      };
      let runs = 0;
      let before = -Infinity;
      for (let isDone = false; !isDone; runs++) {
        expect(runs).toBeLessThan(60);
        ofThisRun = new Set();
        const began = world.clock.now();
        const { complete } = await cron(world);
        const { watermark } = await world.state();
        expect(watermark ?? FIRST).toBeGreaterThanOrEqual(before);
        before = watermark ?? FIRST;
        isDone = complete && began > START + 40 * MINUTE_MS;
      }
      const { siteId, watermark } = await world.state();
      const end = watermark ?? FIRST;
      const due = everything.filter((line) => Number(line.split(" ")[1]) < end);
      const stored = await storedSamples(db, siteId, { start: FIRST, end });
      expect(
        differences(
          due,
          stored.filter((line) => Number(line.split(" ")[1]) >= FIRST),
        ),
      ).toEqual([]);
    }),
    {
      numRuns: 5,
      examples: [
        [{ ...HARSH, refusal: 410, outages: [] }],
        [{ ...HARSH, refuses: "saved cursors", refusal: 500, outages: [] }],
        // a call takes the whole time of a run
        [{ ...HARSH, refusal: 503, pageMs: 27_000, outages: [] }],
      ],
    },
  );
  expect(refused).toBeGreaterThan(0);
});
