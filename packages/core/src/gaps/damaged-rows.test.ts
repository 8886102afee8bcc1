import { env } from "cloudflare:workers";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { GapWorld } from "../../test/gap-world.ts";
import { coldLevel } from "../read/cold-level.ts";
import { countDamaged } from "../store/damaged-segments.ts";
import { detectGaps } from "./detect-gaps.ts";

const NOW = Date.UTC(2025, 9, 12, 9);

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
});
afterEach(() => vi.restoreAllMocks());

async function syncedWorld(site: string) {
  vi.spyOn(console, "log").mockReturnValue();
  vi.spyOn(console, "error").mockReturnValue();
  const world = new GapWorld({ db, bucket: env.TIMESERIES, site, now: NOW, hours: 4, points: 2 });
  await world.sync.catchUp();
  const { siteId } = await world.sync.state();
  return { world, siteId };
}

test("asks for the samples of damaged segments as for a gap", async () => {
  const { world, siteId } = await syncedWorld("ses_damaged_segments");
  await db.exec("UPDATE segments SET body = x'ff'");
  const { repair } = await world.hourly();
  // an hour of two points, one sample a minute
  expect(repair!.inserted).toBe(120);
  expect(await countDamaged(db, siteId)).toBeGreaterThan(0);
});

test("a damaged row of aggregates does not stop gap detection on other days", async () => {
  const { world, siteId } = await syncedWorld("ses_damaged_places");
  await world.hourly();
  await db.exec("UPDATE block_days SET places = x'ff'; DELETE FROM gap_days");
  const { unreadable } = await detectGaps(coldLevel(db, env.TIMESERIES, siteId), NOW, () => NOW);
  expect(unreadable).toMatchObject([{ day: "2025-10-12", reason: expect.stringContaining("damaged places") }]);
});
