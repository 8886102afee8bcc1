import { createBuilding } from "@building-vitals/ace-simulator/building";
import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, expect, test, vi } from "vitest";
import { type CrashKind, CrashPoint } from "../../test/crash-point.ts";
import { emptyDatabase, migratedDatabase } from "../../test/database.ts";
import { SettleWorld } from "../../test/settle-world.ts";
import { SyncWorld } from "../../test/sync-world.ts";
import { DAY_MS, dayRange } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { beginSite } from "../gaps/gap-sites.ts";
import { requestDays } from "../store/settle-days.ts";
import { pauseSite, resumeSite } from "../sync/sync-state.ts";

const DAY = 20_373;
const NOW = dayRange(DAY).end + DAY_MS;

let db: D1Database;
let world: SettleWorld;
beforeAll(async () => {
  db = await migratedDatabase();
  vi.spyOn(console, "error").mockImplementation(() => undefined);
});
beforeEach(async () => {
  await emptyDatabase();
  const about = { seed: 4, site: "ses_settle", timezone: "America/Chicago", points: 1, weather: false } as const;
  const sync = new SyncWorld({ db, source: createBuilding({ ...about, collectInterval: 600 }), now: NOW });
  world = await SettleWorld.of(sync);
  await beginSite(db, world.site.id, DAY - 1);
});

const alive = () => [...world.states].filter(([, { is }]) => is === "alive").map(([name]) => name);
const at = (now: number) => world.sync.clock.set(now);

test("a site has one instance at a time, for its oldest day first", async () => {
  expect([await world.supervise(), await world.supervise()]).toEqual([DAY - 1, null]);
  expect(alive()).toEqual([`settle-DB-${world.site.id}-${DAY - 1}-${NOW}`]);
});

test("concurrent supervisors start one instance", async () => {
  await Promise.all([1, 2, 3].map(() => world.supervise()));
  await world.supervise();
  expect(alive().length).toBe(1);
  expect((await world.appointed())?.instance).toBe(alive()[0]);
});

test.each<CrashKind>(["before", "after"])(
  "after a supervisor dies %s any call, the next one completes its work",
  async (kind) => {
    for (let nth = 0; ; nth++) {
      await db.prepare("DELETE FROM settle_days").run();
      world.states.clear();
      const crash = new CrashPoint(nth, kind);
      const { find, start } = world;
      const dying = {
        find: (name: Parameters<typeof find>[0]) => crash.call(() => find(name)),
        start: (instance: Parameters<typeof start>[0]) => crash.call(() => start(instance)),
      };
      await world.supervise(dying, crash.database(db)).catch(() => null);
      if (!crash.happened) break;
      await world.supervise();
      expect(alive()).toEqual([(await world.appointed())?.instance]);
    }
  },
);

test("a new instance follows a terminated one after an hour", async () => {
  await world.supervise();
  const [first] = alive();
  world.states.set(first!, { is: "ended", reason: "it was terminated" });
  // the other day does not wait
  expect(await world.supervise()).toBe(DAY);
  const reason: unknown = expect.stringContaining("it was terminated");
  expect(await world.row(DAY - 1)).toMatchObject({ outcome: "failed", reason, attempts: 1, dueAt: NOW + HOUR_MS });
  world.states.set(alive()[0]!, { is: "ended", reason: null });
  at(NOW + HOUR_MS);
  expect(await world.supervise()).toBe(DAY - 1);
  expect(alive()[0]).not.toBe(first);
});

test("a replaced instance does nothing", async () => {
  await world.supervise();
  const old = (await world.appointed())!;
  world.states.set(old.instance, { is: "ended", reason: null });
  at(NOW + HOUR_MS);
  await world.supervise();
  const requests = world.sync.asked.length;
  const row = await world.row(old.day);
  await world.run(undefined, undefined, undefined, old);
  expect([world.sync.asked.length, await world.row(old.day)]).toEqual([requests, row]);
});

test("a pause stops an instance before its next request; the day stays due", async () => {
  await world.supervise();
  let steps = 0;
  await world.run(undefined, undefined, async (step) => {
    if (!step.includes("hour 02")) return;
    steps++;
    await pauseSite(db, world.site.id, { since: NOW, by: null, reason: null });
  });
  const requests = world.sync.asked.length;
  expect(steps).toBe(1);
  expect(requests).toBeLessThan(6);
  expect(await world.row(DAY - 1)).toMatchObject({ instance: null, outcome: null, dueAt: NOW, settledAt: null });
  expect((await env.TIMESERIES.list()).objects).toEqual([]);
  await resumeSite(db, world.site.id);
  expect(await world.supervise()).toBe(DAY - 1);
});

test("a day requested during its build is built again", async () => {
  await world.supervise();
  await world.run(undefined, undefined, async (step) => {
    if (!step.includes("hour 20")) return;
    at(NOW + 1);
    await requestDays(db, world.site.id, [DAY - 1], NOW + 1);
  });
  expect(await world.row(DAY - 1)).toMatchObject({ instance: null, outcome: "settled", dueAt: NOW + 1 });
});
