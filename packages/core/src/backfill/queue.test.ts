import fc from "fast-check";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type CrashKind, CrashPoint } from "../../test/crash-point.ts";
import { migratedDatabase } from "../../test/database.ts";
import { newSite } from "../../test/points.ts";
import { interceptedDatabase } from "../d1/intercepted-database.ts";
import { type DayOutcome, pendingDays, recordOutcome } from "./job-days.ts";
import { cancelJob, failJob, finishJob, readJob, readRunningJob } from "./job-store.ts";
import { beginQueued, type FindDays } from "./begin-queued.ts";
import { enqueue, MAX_QUEUED, readQueue, removeQueued } from "./queue.ts";
import { startJob } from "./start-job.ts";

const DAY = 20_000;
const WRITTEN: DayOutcome = { outcome: "written", records: 7, rejected: {}, key: "k", reason: null };
const FAILED: DayOutcome = { ...WRITTEN, outcome: "failed", records: 0, key: null, reason: "broke" };

let db: D1Database;
let site: { id: number; name: string };
let clock = 0;
const now = () => ++clock;
const findDays: FindDays = async (sites) => ({ siteIds: sites.map(({ id }) => id) });
beforeAll(async () => {
  db = await migratedDatabase();
  site = { id: await newSite(db, "a"), name: "a" };
});
beforeEach(clear);

async function clear(): Promise<void> {
  const tables = ["backfill_days", "backfill_jobs", "backfill_queue", "day_files"];
  await db.batch(tables.map((table) => db.prepare(`DELETE FROM ${table}`)));
}

/** The days DAY + first to DAY + last. */
const queued = (backfillId: string, first: number, last: number, forceRestart = false) => ({
  backfillId,
  range: { first: DAY + first, last: DAY + last },
  sites: [site],
  forceRestart,
});
const wait = (...given: Parameters<typeof queued>) => enqueue(db, queued(...given), now());
const start = (backfillId: string, first: number, last: number, supersedes = false, through = db) =>
  startJob(
    through,
    {
      backfillId,
      range: { first: DAY + first, last: DAY + last },
      siteIds: [site.id],
      selection: supersedes ? "all" : "unfinished",
      supersedes,
    },
    now(),
  );
const waiting = async () => (await readQueue(db)).map(({ backfillId, position }) => `${position} ${backfillId}`);

/** Processes all days of the running job as an instance does. */
async function work(outcome = WRITTEN): Promise<string> {
  const job = (await readRunningJob(db))!;
  for (const day of await pendingDays(db, job, site.id, 99)) {
    await recordOutcome(db, job.backfillId, site.id, day, outcome, now());
  }
  await finishJob(db, job, now());
  return job.backfillId;
}

describe("the queue", () => {
  it("begins one start after the other, and none while a job runs", async () => {
    await start("run", 0, 0);
    await wait("one", 1, 1);
    await wait("two", 2, 2);
    expect(await beginQueued(db, findDays, now)).toBeNull();
    expect(await waiting()).toEqual(["1 one", "2 two"]);
    await work();
    expect(await beginQueued(db, findDays, now)).toMatchObject({ backfillId: "one", status: "in_progress" });
    expect(await waiting()).toEqual(["1 two"]);
    await failJob(db, (await readRunningJob(db))!, "broke", now());
    expect(await beginQueued(db, findDays, now)).toMatchObject({ backfillId: "two" });
  });

  it("holds equal starts once, and at most its bound", async () => {
    await start("run", 0, 0);
    expect(await wait("one", 1, 2)).toBe("one");
    expect(await wait("again", 1, 2)).toBe("one");
    expect(await wait("forced", 1, 2, true)).toBe("forced");
    for (let i = 2; i < MAX_QUEUED; i++) await wait(`more ${i}`, i, i);
    expect(await wait("too many", 99, 99)).toBeNull();
    expect(await readQueue(db)).toHaveLength(MAX_QUEUED);
  });

  it("completes a start without days to fetch, and begins the next", async () => {
    await start("run", 0, 0);
    await wait("nothing", 1, 1);
    await wait("something", 2, 2);
    await db
      .prepare("INSERT INTO day_files (site_id, day, state, source, updated_at) VALUES (?1, ?2, 'written', 'api', 0)")
      .bind(site.id, DAY + 1)
      .run();
    await work();
    expect(await beginQueued(db, findDays, now)).toMatchObject({ backfillId: "something" });
    expect(await readJob(db, "nothing")).toMatchObject({ status: "completed" });
  });

  it("skips days that a job finished while the start waited", async () => {
    await start("before", 0, 1, true);
    await work();
    await start("run", 1, 3, true);
    await wait("forced", 0, 3, true);
    const [failing] = await pendingDays(db, (await readRunningJob(db))!, site.id, 1);
    await recordOutcome(db, "run", site.id, failing!, FAILED, now());
    await work();
    const job = await beginQueued(db, findDays, now);
    // the first day finished before the start was queued; the second day failed
    expect(await pendingDays(db, job!, site.id, 9)).toEqual([DAY, DAY + 1]);
  });

  it("removes a waiting start once, and never a begun one", async () => {
    await start("run", 0, 0);
    await wait("one", 1, 1);
    await wait("two", 2, 2);
    expect([await removeQueued(db, "one"), await removeQueued(db, "one")]).toEqual([true, false]);
    await work();
    await beginQueued(db, findDays, now);
    expect(await removeQueued(db, "two")).toBe(false);
  });
});

it("a superseding start cancels the running job once, even if repeated", async () => {
  await start("old", 0, 3);
  const first = await start("new", 0, 3, true);
  expect(first).toMatchObject({ status: "in_progress" });
  expect(await readJob(db, "old")).toMatchObject({ status: "cancelled", epoch: 1, reason: "replaced by new" });
  await start("newest", 0, 3, true);
  // repeating `new` after a lost answer leaves `newest` running
  expect(await start("new", 0, 3, true)).toMatchObject({ status: "cancelled", reason: "replaced by newest" });
  expect(await readRunningJob(db)).toMatchObject({ backfillId: "newest", epoch: 0 });
});

it("a retry finds a failed day with an older file after later jobs", async () => {
  await db
    .prepare("INSERT INTO day_files (site_id, day, state, source, updated_at) VALUES (?1, ?2, 'written', 'api', 0)")
    .bind(site.id, DAY)
    .run();
  await start("run", 0, 0, true);
  await wait("next", 1, 1);
  await work(FAILED);
  await beginQueued(db, findDays, now);
  await work();
  const range = { first: DAY, last: DAY + 5 };
  const retried = { backfillId: "retry", range, siteIds: [site.id], selection: "failed" } as const;
  const job = await startJob(db, retried, now());
  expect(await pendingDays(db, job!, site.id, 9)).toEqual([DAY]);
});

describe.each<CrashKind>(["before", "after"])("after a crash %s any call", (kind) => {
  it.each<[string, boolean, (through: D1Database) => Promise<unknown>]>([
    ["a superseding start", true, (through) => start("forced", 0, 1, true, through)],
    ["an end that begins the next start", false, (through) => beginQueued(through, findDays, now)],
  ])("%s leaves one job and loses none", async (_, isRunning, act) => {
    for (let nth = 0; ; nth++) {
      await clear();
      await start("run", 0, 1);
      await wait("next", 1, 2);
      if (!isRunning) await work();
      const crash = new CrashPoint(nth, kind);
      await act(crash.database(db, "d1")).catch(() => undefined);
      const running = await readRunningJob(db);
      // the supervisor begins a waiting start
      if (running === null) expect(await beginQueued(db, findDays, now)).toMatchObject({ backfillId: "next" });
      else if (running.backfillId !== "next") await work();
      await beginQueued(db, findDays, now);
      expect((await readRunningJob(db))?.backfillId).toBe("next");
      expect(await waiting()).toEqual([]);
      expect((await readJob(db, "run"))?.status).not.toBe("in_progress");
      if (!crash.happened) break;
    }
  });
});

type Actor = "queue" | "force" | "start" | "finish" | "cancel" | "remove" | "begin";

it("concurrent starts, restarts, cancels and ends lose no start", async () => {
  const seen = { begun: 0, superseded: 0, removed: 0 };
  const actors = fc.array(
    fc.constantFrom<Actor>(
      "queue",
      "queue",
      "queue",
      "force",
      "start",
      "finish",
      "finish",
      "cancel",
      "remove",
      "begin",
    ),
    { minLength: 3, maxLength: 9 },
  );
  const world = fc.asyncProperty(actors, fc.scheduler(), async (list, scheduler) => {
    await clear();
    await start("run", 0, 0);
    const slow = interceptedDatabase(db, async (execute) => {
      await scheduler.schedule(Promise.resolve());
      return execute();
    });
    const accepted = new Set<string>();
    const removed = new Set<string>();
    const play = async (actor: Actor, i: number): Promise<void> => {
      switch (actor) {
        case "queue":
          if ((await enqueue(slow, queued(`queued ${i}`, i, i), now())) !== null) accepted.add(`queued ${i}`);
          return;
        case "force":
        case "start":
          await start(`${actor} ${i}`, i, i, actor === "force", slow);
          return;
        case "finish": {
          const job = await readRunningJob(slow);
          if (job === null) return;
          for (const day of await pendingDays(slow, job, site.id, 99)) {
            await recordOutcome(slow, job.backfillId, site.id, day, WRITTEN, now());
          }
          await finishJob(slow, job, now());
          await beginQueued(slow, findDays, now);
          return;
        }
        case "cancel":
          await cancelJob(slow, now());
          return;
        case "remove": {
          const [first] = await readQueue(slow);
          if (first !== undefined && (await removeQueued(slow, first.backfillId))) removed.add(first.backfillId);
          return;
        }
        case "begin":
          await beginQueued(slow, findDays, now);
      }
    };
    await scheduler.waitFor(Promise.all(list.map(play)));
    for (let job = await readRunningJob(db); ; job = await readRunningJob(db)) {
      if (job !== null) await work();
      if ((await beginQueued(db, findDays, now)) === null) break;
    }
    expect(await readQueue(db)).toEqual([]);
    for (const id of accepted) expect((await readJob(db, id)) === null, id).toBe(removed.has(id));
    const { results } = await db
      .prepare("SELECT status, count(*) AS n, sum(reason IS NOT NULL) AS replaced FROM backfill_jobs GROUP BY status")
      .all<{ status: string; n: number; replaced: number }>();
    expect(results.map(({ status }) => status)).not.toContain("in_progress");
    seen.begun += accepted.size - removed.size;
    seen.removed += removed.size;
    seen.superseded += results.reduce((sum, { replaced }) => sum + replaced, 0);
  });
  await fc.assert(world, { numRuns: 60 });
  // without races the property would prove nothing
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(5);
});
