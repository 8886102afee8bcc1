import { createBuilding } from "@building-vitals/ace-simulator/building";
import { beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { migratedDatabase } from "../../test/database.ts";
import { interceptedDatabase } from "../d1/intercepted-database.ts";
import { renamedSite } from "../../test/renamed-site.ts";
import { differences, type SampleLines, sourceSamples, storedSamples } from "../../test/stored-samples.ts";
import { MINUTE_MS, SyncWorld } from "../../test/sync-world.ts";
import { totalRejected } from "../domain/rejection.ts";

const START = Date.UTC(2025, 9, 12, 14, 2, 7, 313);
const LOOKBACK_MS = 80 * MINUTE_MS;
const FIRST = START - LOOKBACK_MS;

const source = createBuilding({ seed: 5, site: "ses_crash", timezone: "America/Chicago", points: 12 });
const expected = sourceSamples(source, { start: FIRST, end: START });

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
});

type Failure = "before" | "after" | "answer lost";

/** Fails the nth call (from 0): before it is made, or after it is committed; after a crash every call fails. */
function failingAt(nth: number, failure: Failure): { db: D1Database; calls: () => number } {
  let calls = 0;
  const failing = interceptedDatabase(db, async (execute) => {
    const call = calls++;
    if (call < nth || (failure === "answer lost" && call > nth)) return execute();
    if (failure !== "before" && call === nth) await execute();
    throw new Error(failure === "answer lost" ? "D1_ERROR: Network connection lost." : "D1_ERROR: crashed");
  });
  return { db: failing, calls: () => calls };
}

function worldOf(name: string): SyncWorld {
  const named = renamedSite(source, name);
  return new SyncWorld({ db, source: named, now: START, pageSize: 100, initialLookbackMs: LOOKBACK_MS });
}

/** The position of a saved cursor, epoch ms. */
function timeOfCursor(cursor: string): number {
  const { timestamp } = z.object({ timestamp: z.string() }).parse(JSON.parse(atob(cursor)));
  return Date.parse(`${timestamp}Z`);
}

/** The state must be true: everything before the watermark, and before the cursor, is stored. */
async function expectHonestState(world: SyncWorld): Promise<void> {
  const { siteId, watermark, open } = await world.state();
  const stored = await storedSamples(db, siteId, { start: FIRST, end: START });
  const reached = Math.max(watermark ?? FIRST, open === null ? FIRST : timeOfCursor(open.at.cursor ?? ""));
  const before = (lines: SampleLines) => lines.filter((line) => Number(line.split(" ")[1]) < reached);
  expect(differences(before(expected), before(stored))).toEqual([]);
}

async function callsOfOneSync(name: string): Promise<number> {
  const world = worldOf(name);
  const counting = failingAt(Infinity, "before");
  world.db = counting.db;
  expect(await world.sync()).toMatchObject({ complete: true, errors: [] });
  return counting.calls();
}

test.each<Failure>(["before", "after"])(
  "a run that dies %s any commit loses nothing and skips nothing",
  async (failure) => {
    const calls = await callsOfOneSync(`ses_crash_${failure}`);
    expect(calls).toBeGreaterThan(12);
    for (let nth = 0; nth < calls; nth++) {
      const world = worldOf(`ses_crash_${failure}_${nth}`);
      world.db = failingAt(nth, failure).db;
      // if not even the state can be read, there is no run
      const result = await world.sync().catch((error: Error) => error.message);
      if (typeof result !== "string") {
        // the state was read, so the result holds the error
        expect(result.errors.length).toBeGreaterThan(0);
        const { recordsInserted, recordsUnchanged, recordsFailed, recordsRejected } = result;
        const sum = recordsInserted + recordsUnchanged + recordsFailed + totalRejected(recordsRejected);
        expect(result.recordsFetched).toBe(sum);
      }
      world.db = db;
      await expectHonestState(world);
      await world.catchUp();
      const { siteId, watermark } = await world.state();
      const whole = { start: FIRST - 3_600_000, end: START };
      expect(differences(expected, await storedSamples(db, siteId, whole))).toEqual([]);
      expect(watermark).toBe(world.clock.now());
    }
  },
);

test("a commit whose answer is lost is sent again, and the run continues", async () => {
  const calls = await callsOfOneSync("ses_crash_lost");
  expect(calls).toBeGreaterThan(12);
  await Promise.all(
    Array.from({ length: calls }, async (_, nth) => {
      const world = worldOf(`ses_crash_lost_${nth}`);
      world.db = failingAt(nth, "answer lost").db;
      const result = await world.sync();
      expect(result).toMatchObject({ complete: true, errors: [], recordsFailed: 0 });
      expect(result.recordsFetched).toBe(
        result.recordsInserted + result.recordsUnchanged + totalRejected(result.recordsRejected),
      );
      const { siteId, watermark } = await world.state();
      expect(watermark).toBe(START);
      expect(differences(expected, await storedSamples(db, siteId, { start: FIRST, end: START }))).toEqual([]);
    }),
  );
});
