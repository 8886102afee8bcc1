import { env } from "cloudflare:workers";
import { beforeAll, expect, test } from "vitest";
import { storedPointDays } from "../../test/block-days.ts";
import { migratedDatabase } from "../../test/database.ts";
import { GapWorld } from "../../test/gap-world.ts";
import { storedDay } from "../../test/stored-day.ts";
import { MINUTE_MS } from "../../test/sync-world.ts";
import { loadCatalog } from "../catalog/catalog.ts";
import { dayOf, dayStart } from "../domain/day.ts";

const HOUR_MS = 60 * MINUTE_MS;
const NOON = Date.UTC(2025, 9, 12, 12);
const NOW = NOON + 7 * MINUTE_MS;

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
});

/** The hourly aggregates of a site's points, by name. */
async function rollups(siteId: number, day: number): Promise<unknown> {
  const names = new Map([...(await loadCatalog(db, siteId)).values()].map(({ id, name }) => [id, name]));
  const pointDays = (await storedPointDays(db)).filter((row) => row.day === day && names.has(row.pointId));
  return pointDays.map(({ pointId, rows, hours }) => [names.get(pointId), rows, hours]);
}

test.each(["hot", "cold"])("two hourly runs repair an outage that the upstream fills later: %s", async (level) => {
  const outage = { start: NOON - 5 * HOUR_MS + 5 * MINUTE_MS, end: NOON - 3 * HOUR_MS + 20 * MINUTE_MS };
  const now = level === "hot" ? NOW : NOW + 13 * HOUR_MS;
  const rule = {
    fault: "missing_hours",
    ranges: [[outage.start, outage.end]],
    healedAt: now + 30 * MINUTE_MS,
  } as const;
  const hours = level === "hot" ? 8 : 21;
  const options = { db, bucket: env.TIMESERIES, now, hours };
  const world = new GapWorld({
    ...options,
    site: `ses_outage_${level}`,
    faults: { rules: [{ ...rule, ranges: [[outage.start, outage.end]] }] },
  });
  const whole = new GapWorld({ ...options, site: `ses_whole_${level}` });
  const day = dayOf(NOON);
  for (const gapWorld of [world, whole]) {
    await gapWorld.sync.catchUp();
    if (level === "cold") expect(await gapWorld.settle(day)).toBe("settled");
  }
  const first = await world.hourly();
  expect(first.repair).toMatchObject({ asked: 1, incomplete: 0, inserted: 0 });
  expect(await world.shownGaps(NOON)).toEqual([["site", -296, -160, "open"]]);
  expect((await world.gaps())[0]).toMatchObject({ cause: "upstream_empty", proofs: 1, recovered: 0 });

  for (const gapWorld of [world, whole]) {
    gapWorld.sync.clock.set(now + HOUR_MS);
    await gapWorld.sync.catchUp();
  }
  const second = await world.hourly();
  await whole.hourly();
  // Settles the days, which the new samples have made due.
  if (level === "cold") expect(await world.settle(day)).toBe("settled");
  expect(second.repair).toMatchObject({ asked: 1, incomplete: 0, inserted: 5 * 135, unchanged: 0 });
  expect(await world.gaps()).toMatchObject([{ state: "repaired", recovered: 5 * 135 }]);
  expect(await whole.gaps()).toEqual([]);
  const [a, b] = [await world.sync.state(), await whole.sync.state()];
  expect(await rollups(a.siteId, day)).toEqual(await rollups(b.siteId, day));
  const lines = (gapWorld: GapWorld, siteId: number) =>
    storedDay(db, env.TIMESERIES, { site: { id: siteId, name: gapWorld.sync.site }, day });
  expect(await lines(world, a.siteId)).toEqual(await lines(whole, b.siteId));
  expect((await lines(world, a.siteId)).length).toBeGreaterThan(1_000);
  // No work is left.
  world.sync.clock.set(now + HOUR_MS + MINUTE_MS);
  expect(await world.hourly()).toMatchObject({
    detected: [{ rowsWritten: 0 }],
    repair: { asked: 0, requests: 0 },
  });
  expect(dayStart(day)).toBeLessThan(outage.start);
});
