import { createBuilding } from "@building-vitals/ace-simulator/building";
import { beforeAll, beforeEach, expect, test } from "vitest";
import { type CrashKind, CrashPoint } from "../../test/crash-point.ts";
import { emptyDatabase, migratedDatabase } from "../../test/database.ts";
import { SyncWorld } from "../../test/sync-world.ts";
import { DAY_MS, dayOf, dayStart } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { readSettleDays } from "../store/settle-days.ts";
import { syncSite } from "./sync-site.ts";

const DAY = 20_373;
const START = dayStart(DAY) + 12 * HOUR_MS;
const LATER = START + 5 * DAY_MS;
const BUDGET_MS = 25_000;

let db: D1Database;
let world: SyncWorld;
beforeAll(async () => {
  db = await migratedDatabase();
});
beforeEach(async () => {
  await emptyDatabase();
  const about = { seed: 4, site: "ses_lag", timezone: "America/Chicago", points: 1, weather: false } as const;
  const source = createBuilding({ ...about, collectInterval: 600 });
  world = new SyncWorld({ db, source, now: START, maxLagMs: DAY_MS });
  await world.catchUp();
  world.clock.set(LATER);
});

const due = async () =>
  (await readSettleDays(db, (await world.state()).siteId, 0, 65_536)).map(({ day, dueAt }) => [day - DAY, dueAt]);

test("a sync days behind resumes a day back, and makes the days between due", async () => {
  const result = await world.sync();
  expect(Date.parse(result.window!.start)).toBe(LATER - DAY_MS - world.settings.lookbackMs);
  expect(await due()).toEqual([0, 1, 2, 3, 4].map((day) => [day, LATER]));
  await world.catchUp();
  expect((await world.state()).watermark).toBeGreaterThanOrEqual(LATER);
  // no more days are passed over once it has caught up
  expect((await due()).length).toBe(5);
});

test("an open window is read to its end first", async () => {
  const open = { start: START - HOUR_MS, end: START + HOUR_MS };
  await db
    .prepare("UPDATE sync_state SET window_start = ?1, window_end = ?2, window_from = ?1")
    .bind(open.start, open.end)
    .run();
  const result = await world.sync();
  expect(Date.parse(result.window!.start)).toBe(open.start);
  expect((await due())[0]).toEqual([0, LATER]);
  expect(await db.prepare("SELECT max(hour) >= ?1 AS n FROM hot_hours").bind(START).first("n")).toBe(1);
});

test.each<CrashKind>(["before", "after"])(
  "every day that the watermark passes over is due, dying %s any call",
  async (kind) => {
    const from = (await world.state()).watermark!;
    for (let nth = 0; ; nth++) {
      await db.prepare("DELETE FROM settle_days").run();
      const reset =
        "UPDATE sync_state SET watermark = ?1, window_start = NULL, window_end = NULL, window_from = NULL, cursor = NULL";
      await db.prepare(reset).bind(from).run();
      const crash = new CrashPoint(nth, kind);
      const context = { ...world.context(BUDGET_MS), db: crash.database(db) };
      await syncSite({ ...context, deadline: world.clock.now() }, world.site, await world.state());
      const { watermark } = await world.state();
      const days = await due();
      if (watermark !== from) {
        expect(days.map(([day]) => day)).toEqual([0, 1, 2, 3, 4]);
        expect(dayOf(watermark!)).toBeGreaterThanOrEqual(DAY + 4);
      }
      if (!crash.happened) break;
    }
  },
);
