import { beforeAll, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { JOURNAL_DAYS, pruneRuns, readRuns, recordSyncRun } from "./journal.ts";
import { emptySiteResult, type SyncResult } from "./sync-result.ts";
import { readSyncStates } from "./sync-state.ts";

const DAY_MS = 86_400_000;
const START = Date.UTC(2025, 9, 12, 14);

let db: D1Database;
let siteIds: Map<string, number>;
beforeAll(async () => {
  db = await migratedDatabase();
  const states = await readSyncStates(db, ["ses_a", "ses_b", "ses_c"]);
  siteIds = new Map([...states].map(([name, state]) => [name, state.siteId]));
});

function run(startedAt: number, sites: SyncResult["sites"], syncId = `sync_${startedAt}_abc`): SyncResult {
  return { syncId, startTime: new Date(startedAt).toISOString(), duration: 1_234, sitesLeft: 0, sites };
}

test("the journal has a row per site and run, newest first", async () => {
  const failed = {
    ...emptySiteResult("ses_a"),
    recordsFetched: 110,
    recordsInserted: 60,
    recordsUnchanged: 20,
    recordsFailed: 23,
    recordsRejected: { unconfigured: 4, non_numeric: 3 },
    pointsProcessed: 12,
    apiCalls: 5,
    window: { start: "2025-10-12T13:50:00.000Z", end: "2025-10-12T14:00:00.000Z" },
    incompleteBecause: "error" as const,
    errors: [{ stage: "store" as const, code: "database", message: `it's "down", Größe \\ 100%` }],
  };
  const complete = { ...emptySiteResult("ses_b"), complete: true };
  await recordSyncRun(db, run(START, [failed, complete]), siteIds);
  await recordSyncRun(db, run(START + 300_000, [{ ...failed, errors: [], complete: true }]), siteIds);

  const [newest, older, ...none] = await readRuns(db, siteIds.get("ses_a")!, 10);
  expect(none).toEqual([]);
  expect(newest).toMatchObject({ startedAt: START + 300_000, complete: true, errors: [] });
  expect(older).toEqual({
    siteId: siteIds.get("ses_a"),
    syncId: `sync_${START}_abc`,
    startedAt: START,
    durationMs: 1_234,
    fetched: 110,
    inserted: 60,
    unchanged: 20,
    failed: 23,
    rejected: { unconfigured: 4, non_numeric: 3 },
    apiCalls: 5,
    complete: false,
    errors: failed.errors,
  });
  expect(await readRuns(db, siteIds.get("ses_a")!, 1)).toEqual([newest]);
  expect(await readRuns(db, siteIds.get("ses_b")!, 10)).toMatchObject([{ complete: true, rejected: {}, fetched: 0 }]);
  const stored = await db
    .prepare("SELECT points, window_start, window_end FROM sync_runs WHERE site_id = ?1 AND started_at = ?2")
    .bind(siteIds.get("ses_a"), START)
    .first();
  expect(stored).toEqual({ points: 12, window_start: START - 600_000, window_end: START });
});

test("a run that is written twice is stored once", async () => {
  const twice = run(START, [emptySiteResult("ses_c")], "sync_twice");
  await recordSyncRun(db, twice, siteIds);
  await recordSyncRun(db, twice, siteIds);
  expect((await readRuns(db, siteIds.get("ses_c")!, 10)).length).toBe(1);
});

test("runs older than thirty days are deleted, of the named sites only", async () => {
  const now = START + 100 * DAY_MS;
  const edge = now - JOURNAL_DAYS * DAY_MS;
  for (const startedAt of [edge - 1, edge, now]) {
    await recordSyncRun(db, run(startedAt, [emptySiteResult("ses_a"), emptySiteResult("ses_b")]), siteIds);
  }
  await pruneRuns(db, [siteIds.get("ses_a")!], now);
  const times = async (site: string) => (await readRuns(db, siteIds.get(site)!, 10)).map((stored) => stored.startedAt);
  expect(JOURNAL_DAYS).toBe(30);
  expect(await times("ses_a")).toEqual([now, edge]);
  expect(await times("ses_b")).toContain(edge - 1);
});
