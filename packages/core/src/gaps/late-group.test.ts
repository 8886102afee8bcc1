import { createBuilding } from "@building-vitals/ace-simulator/building";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { delaySamples } from "../../test/late-upstream.ts";
import { sourceSamples, storedSamples } from "../../test/stored-samples.ts";
import { MINUTE_MS, SyncWorld } from "../../test/sync-world.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { askSilentPoints } from "./ask-silent-points.ts";
import { GROUP_WINDOWS_PER_HOUR, POINTS_PER_HOUR } from "./silent-points.ts";

const START = Date.UTC(2025, 9, 12, 8, 2, 7, 313);
const LATE_MS = 3 * HOUR_MS;
const INITIAL_MS = 6 * HOUR_MS;
const LATE_POINTS = 30;

const about = {
  seed: 5,
  site: "ses_group",
  timezone: "UTC",
  points: 75,
  weather: false,
  collectInterval: 300,
} as const;
const source = createBuilding(about);

/** A site with {@link LATE_POINTS} late points. */
async function lateWorld() {
  const db = await migratedDatabase();
  const world = new SyncWorld({ db, source, now: START, initialLookbackMs: INITIAL_MS });
  const collected = source.points.filter((point) => point.collect_enabled).map(({ name }) => name);
  const late = new Set(collected.slice(0, LATE_POINTS));
  delaySamples(world, (name) => late.has(name), LATE_MS);
  return { db, world, late };
}

test("stores a group of 30 points that is three hours late within the hour", async () => {
  const { db, world, late } = await lateWorld();
  const windows: number[] = [];
  for (let hour = 0; hour < 4; hour++) {
    for (let run = 0; run < 4; run++) {
      await world.clock.sleep(15 * MINUTE_MS);
      await world.catchUp();
    }
    const { siteId, watermark } = await world.state();
    const { ace, now } = world.context();
    const limits = { initialLookbackMs: INITIAL_MS, deadline: now() + 60_000, hasStatements: () => true };
    const context = { db, bucket: env.TIMESERIES, ace, pageSize: 100_000, now, ...limits } as const;
    const asked = await askSilentPoints(context, { id: siteId, name: world.site }, watermark);
    windows.push(asked.windows);
    const range = { start: START + 15 * MINUTE_MS - INITIAL_MS, end: now() };
    const visible = sourceSamples(source, range).filter((sample) => {
      const [name, time] = sample.split(" ");
      return Number(time) + (late.has(name!) ? LATE_MS : 15 * MINUTE_MS) <= now();
    });
    const stored = new Set(await storedSamples(db, siteId, range));
    expect(visible.filter((sample) => !stored.has(sample))).toEqual([]);
    expect(asked).toMatchObject({ asked: LATE_POINTS, found: LATE_POINTS, error: null });
    // Holds also if a second window has no more samples.
    expect(await db.prepare("SELECT max(attempts) AS most FROM point_inquiries").first("most")).toBe(0);
  }
  expect(Math.min(...windows)).toBe(1);
  expect(Math.max(...windows)).toBeLessThanOrEqual(GROUP_WINDOWS_PER_HOUR);
  const byName = world.asked.filter((path) => path.startsWith("/points/"));
  expect(byName.length).toBeLessThan(POINTS_PER_HOUR);
});

test("a group window ends without statements left, the next run continues", async () => {
  const { db, world, late } = await lateWorld();
  await world.catchUp();
  await world.clock.sleep(LATE_MS + 10 * MINUTE_MS);
  const { siteId, watermark } = await world.state();
  const { ace, now } = world.context();
  const context = { db, bucket: env.TIMESERIES, ace, pageSize: 1_000, initialLookbackMs: INITIAL_MS, now } as const;
  const ask = (statements: number) => {
    let left = statements;
    const limits = { deadline: now() + 60_000, hasStatements: () => left-- > 0 };
    return askSilentPoints({ ...context, ...limits }, { id: siteId, name: world.site }, watermark);
  };
  const before = world.asked.length;
  expect(await ask(1)).toMatchObject({ windows: 1, found: late.size, error: null });
  expect(world.asked.length - before).toBe(1);
  const range = { start: START - INITIAL_MS, end: watermark! };
  const missing = async () => {
    const stored = new Set(await storedSamples(db, siteId, range));
    return sourceSamples(source, range).filter((line) => late.has(line.split(" ")[0]!) && !stored.has(line)).length;
  };
  const some = await missing();
  expect(some).toBeGreaterThan(0);
  await world.clock.sleep(HOUR_MS);
  await ask(99);
  expect(await missing()).toBeLessThan(some);
});
