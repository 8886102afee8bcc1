import { createBuilding } from "@building-vitals/ace-simulator/building";
import { env } from "cloudflare:workers";
import { beforeEach, expect, test } from "vitest";
import { emptyDatabase, migratedDatabase } from "../../test/database.ts";
import { delaySamples } from "../../test/late-upstream.ts";
import { differences, sourceSamples, storedSamples } from "../../test/stored-samples.ts";
import { MINUTE_MS, SyncWorld } from "../../test/sync-world.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { askSilentPoints } from "./ask-silent-points.ts";

const START = Date.UTC(2025, 9, 12, 14, 2, 7, 313);
const LATE_MS = 40 * MINUTE_MS;

let db: D1Database;
let world: SyncWorld;
let late: string;
const about = { seed: 5, site: "ses_silent", timezone: "UTC", points: 5, weather: false, collectInterval: 60 } as const;
const source = createBuilding(about);

beforeEach(async () => {
  db = await migratedDatabase();
  await emptyDatabase();
  world = new SyncWorld({ db, source, now: START, initialLookbackMs: HOUR_MS });
  late = source.points.find((point) => point.collect_enabled)!.name;
  delaySamples(world, (name) => name === late, LATE_MS);
});

async function ask(hasStatements = () => true) {
  const { ace, now } = world.context();
  const { siteId, watermark } = await world.state();
  const context = {
    db,
    bucket: env.TIMESERIES,
    ace,
    pageSize: world.settings.pageSize,
    initialLookbackMs: HOUR_MS,
    now,
    deadline: now() + 60_000,
    hasStatements,
  };
  return askSilentPoints(context, { id: siteId, name: world.site }, watermark);
}

test("stores a new point that is 40 minutes late within the hour", async () => {
  for (let hour = 0; hour < 5; hour++) {
    for (let run = 0; run < 12; run += 3) {
      await world.catchUp();
      await world.clock.sleep(15 * MINUTE_MS);
    }
    const { asked, found, error } = await ask();
    expect({ asked, found, error }).toEqual({ asked: 1, found: 1, error: null });
    const now = world.clock.now();
    const { siteId } = await world.state();
    const range = { start: START - HOUR_MS, end: now };
    const visible = sourceSamples(source, range).filter((sample) => {
      const [name, time] = sample.split(" ");
      return name !== late || Number(time) + LATE_MS <= now;
    });
    const until = visible.filter(
      (sample) => Number(sample.split(" ")[1]) <= now - 15 * MINUTE_MS || sample.startsWith(late),
    );
    expect(
      differences(until, await storedSamples(db, siteId, range)).filter((difference) =>
        difference.startsWith("missing"),
      ),
    ).toEqual([]);
  }
  const byName = world.asked.filter((path) => path.startsWith("/points/"));
  expect(byName).toEqual(Array.from({ length: 5 }, () => `/points/${encodeURIComponent(late)}/timeseries`));
});

test("a failed request ends the run, and the next run asks for its point again", async () => {
  await world.catchUp();
  const working = world.upstream;
  world.upstream = (request) =>
    request.url.includes("/points/") ? Promise.resolve(new Response(null, { status: 401 })) : working(request);
  const failed = await ask();
  expect(failed).toMatchObject({ asked: 0, found: 0, error: expect.stringContaining("401") });
  expect(await db.prepare("SELECT count(*) AS n FROM point_inquiries").first("n")).toBe(0);
  world.upstream = working;
  await world.clock.sleep(20 * MINUTE_MS);
  expect(await ask()).toMatchObject({ asked: 1, found: 1, error: null });
});

test("asks for no point when the statements are used up", async () => {
  await world.catchUp();
  expect(await ask(() => false)).toMatchObject({ asked: 0, error: null });
});

test("waits longer each time for a point that the API does not know", async () => {
  await world.catchUp();
  const working = world.upstream;
  world.upstream = (request) =>
    request.url.includes("/points/") ? Promise.resolve(new Response("{}", { status: 404 })) : working(request);
  expect(await ask()).toMatchObject({ asked: 1, found: 0, error: null });
  expect(await ask()).toMatchObject({ asked: 0 });
  await world.clock.sleep(HOUR_MS);
  expect(await ask()).toMatchObject({ asked: 1 });
  expect(await db.prepare("SELECT attempts FROM point_inquiries").first("attempts")).toBe(2);
});
