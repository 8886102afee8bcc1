import { env } from "cloudflare:workers";
import { beforeAll, expect, test } from "vitest";
import { CrashPoint } from "../../test/crash-point.ts";
import { migratedDatabase } from "../../test/database.ts";
import { GapWorld } from "../../test/gap-world.ts";
import { preparedStorage } from "../../test/prepared-storage.ts";
import { MINUTE_MS } from "../../test/sync-world.ts";
import { interceptedDatabase } from "../d1/intercepted-database.ts";
import { dayOf } from "../domain/day.ts";
import { coldLevel } from "../read/cold-level.ts";
import { detectGaps } from "./detect-gaps.ts";
import { repairGaps } from "./repair-gaps.ts";

const HOUR_MS = 60 * MINUTE_MS;
const MIDNIGHT = Date.UTC(2025, 9, 12);
const NOW = MIDNIGHT + 97 * MINUTE_MS;
const POINTS = 2;

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
});

/**
 * A site with an outage that was found and asked for once. Its upstream would fill the outage now.
 * @param outage minutes of its start and end @returns the site, and a function that restores this state
 */
function gappedWorld(site: string, outage: readonly [number, number], level: "hot" | "cold") {
  const [start, end] = outage.map((minute) => MIDNIGHT + minute * MINUTE_MS);
  const rule = { fault: "missing_hours" as const, ranges: [[start!, end!] as [number, number]], healedAt: NOW + 1 };
  const faults = { rules: [rule] };
  const world = new GapWorld({ db, bucket: env.TIMESERIES, site, now: NOW, hours: 4, points: POINTS, faults });
  async function askOnce(): Promise<void> {
    await world.sync.catchUp();
    if (level === "cold") await world.settle(dayOf(MIDNIGHT) - 1);
    await world.hourly();
    expect(await world.gaps()).toMatchObject([{ pointId: 0, state: "open", recovered: 0 }]);
  }
  const prepare = preparedStorage(askOnce, env.TIMESERIES, [db]);
  const reset = async () => {
    await prepare();
    world.sync.clock.set(NOW + HOUR_MS);
  };
  return { world, reset };
}

/** Runs until no gap is open and a run changes nothing. @returns the number of samples that the runs stored */
async function rest(world: GapWorld): Promise<number> {
  let inserted = 0;
  for (let run = 0; run < 6; run++) {
    world.sync.clock.set(world.sync.clock.now() + 2 * HOUR_MS);
    const { detected, repair } = await world.hourly({ pageSize: 50 });
    inserted += repair!.inserted;
    const isOpen = (await world.gaps()).some(({ state }) => state === "open");
    if (!isOpen && repair!.asked === 0 && detected.every(({ days }) => days === 0)) return inserted;
  }
  throw new Error("runs still change gaps after the last allowed run");
}

async function expectRepaired(world: GapWorld, samples: number, context: string): Promise<void> {
  const gaps = await world.gaps();
  expect(
    gaps.map(({ state, filledTo, lastError }) => [state, filledTo, lastError]),
    context,
  ).toEqual(gaps.map(() => ["repaired", null, null]));
  expect(
    gaps.reduce((sum, { recovered }) => sum + recovered, 0),
    context,
  ).toBe(samples);
}

test("later runs finish a repair over midnight that was refused at any page", { timeout: 90_000 }, async () => {
  const outage = [-27, 27] as const;
  const missed = 54 * POINTS;
  for (const level of ["hot", "cold"] as const) {
    const { world, reset } = gappedWorld(`ses_pages_${level}`, outage, level);
    for (let nth = 0, isWhole = false; !isWhole; nth++) {
      await reset();
      const { upstream } = world.sync;
      const point = new CrashPoint(nth, "before", () => true, undefined, false);
      world.sync.upstream = (request) =>
        point.call(() => upstream(request)).catch(() => Response.json({}, { status: 403 }));
      const { repair } = await world.hourly({ pageSize: 50, ace: world.sync.client() });
      world.sync.upstream = upstream;
      isWhole = !point.happened;
      const context = `${level}, page ${nth}`;
      expect(repair!.incomplete, context).toBe(isWhole ? 0 : 1);
      const stored = repair!.inserted + (await rest(world));
      // Samples that are in a file by then are stored beside the file again.
      if (level === "hot") expect(stored, context).toBe(missed);
      await expectRepaired(world, missed, context);
      expect(nth).toBeLessThan(9);
      if (isWhole) expect(nth).toBeGreaterThan(3);
    }
  }
});

test("a detection during an interrupted repair keeps the unfilled rest", { timeout: 60_000 }, async () => {
  const outage = [3, 20] as const;
  const missed = 17 * POINTS;
  const [cameAtOnce, left] = [32, missed - 32];
  const { world, reset } = gappedWorld("ses_beside", outage, "hot");
  for (let nth = 0, isOver = false; !isOver; nth++) {
    await reset();
    const { siteId, watermark } = await world.sync.state();
    const site = { id: siteId, name: world.sync.site };
    const until = watermark! - 10 * MINUTE_MS;
    const { upstream, clock } = world.sync;
    let [calls, pages] = [0, 0];
    const ask = async () => {
      world.sync.upstream = (request) =>
        pages++ === 0 ? upstream(request) : Promise.resolve(Response.json({}, { status: 403 }));
      const repair = await repairGaps({ ...world.context({ pageSize: 50 }), ask: "due" }, site, until);
      world.sync.upstream = upstream;
      expect(repair).toMatchObject({ incomplete: 1, inserted: cameAtOnce });
    };
    const beside = interceptedDatabase(db, async (execute) => {
      if (calls++ === nth) await ask();
      return execute();
    });
    await db.prepare("DELETE FROM gap_days WHERE site_id = ?1").bind(siteId).run();
    await detectGaps(coldLevel(beside, env.TIMESERIES, siteId), until, clock.now);
    isOver = calls <= nth;
    if (isOver) await ask();
    const context = `at call ${nth} of ${calls}`;
    expect(await rest(world), context).toBe(left);
    await expectRepaired(world, missed, context);
    expect(nth).toBeLessThan(20);
    if (isOver) expect(nth).toBeGreaterThan(12);
  }
});
