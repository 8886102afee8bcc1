import { createBuilding } from "@building-vitals/ace-simulator/building";
import { beforeAll, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { differences, sourceSamples, storedSamples } from "../../test/stored-samples.ts";
import { MINUTE_MS, SyncWorld } from "../../test/sync-world.ts";
import { DAY_MS } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";

const START = Date.UTC(2025, 9, 12, 14, 2, 7, 313);
const RUN_EVERY_MS = HOUR_MS;

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
});

/** A new site whose samples are all late by a constant, and its cron for some days. */
async function lateSite(site: string, lateMs: number, days: number) {
  const source = createBuilding({ seed: 5, site, timezone: "UTC", points: 5, weather: false, collectInterval: 600 });
  const late = { fault: "late", fraction: 1, minDelayMs: lateMs, maxDelayMs: lateMs } as const;
  const settings = { initialLookbackMs: DAY_MS, maxLagMs: DAY_MS };
  const world = new SyncWorld({ db, source, now: START, faults: { rules: [late] }, ...settings });
  const first = START - settings.initialLookbackMs;
  let runs = 0;
  for (; world.clock.now() <= START + days * DAY_MS; await world.clock.sleep(RUN_EVERY_MS)) {
    expect((await world.catchUp()).length).toBe(1);
    runs++;
    const now = world.clock.now();
    const { siteId, watermark } = await world.state();
    expect(watermark).toBe(now);
    if (runs % 12 > 0) continue;
    // everything that the site showed at the last run is stored
    const visible = sourceSamples(source, { start: first, end: Math.max(first, now - lateMs - RUN_EVERY_MS) });
    const stored = await storedSamples(db, siteId, { start: first, end: now });
    expect(differences(visible, stored).filter((difference) => difference.startsWith("missing"))).toEqual([]);
  }
  return { runs, source, world, first };
}

test.each([
  ["half an hour", 30 * MINUTE_MS],
  ["30 hours", 30 * HOUR_MS],
])("samples of a site that is late by %s are stored within an hour", async (name, lateMs) => {
  const { runs, source, world, first } = await lateSite(`ses_${name}`, lateMs, 2);
  const end = world.clock.now() - RUN_EVERY_MS - lateMs;
  const { siteId, servedTo, newestSample } = await world.state();
  const stored = await storedSamples(db, siteId, { start: first, end });
  expect(differences(sourceSamples(source, { start: first, end }), stored)).toEqual([]);
  expect(stored.length).toBeGreaterThan(500);
  expect(end - servedTo!).toBeLessThan(20 * MINUTE_MS);
  expect(newestSample).toBeGreaterThanOrEqual(servedTo!);
  // no more requests than for a site on time: a page per run, after 24 for the first day
  expect(world.asked.filter((path) => path.endsWith("/paginated")).length).toBe(runs + 23);
});
