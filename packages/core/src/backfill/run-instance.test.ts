import { createBuilding } from "@building-vitals/ace-simulator/building";
import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { interceptedDatabase } from "../d1/intercepted-database.ts";
import { type Intercept, MemoryDays } from "../../test/memory-days.ts";
import { SyncWorld } from "../../test/sync-world.ts";
import { appointNext } from "./instance-store.ts";
import { cancelJob } from "./job-store.ts";
import { startJob } from "./start-job.ts";
import { MemoryEngine, ProcessDied } from "../../test/memory-engine.ts";
import { readProgress } from "./progress.ts";
import { runInstance } from "./run-instance.ts";

const DAY = 20_000;
const NOW = (DAY + 100) * 86_400_000;
const SITE = "ses_run";
const BUILD = "backfill_1";
const MAX_DAYS = 2;

let db: D1Database;
let siteId: number;
let world: SyncWorld;
let upstream: SyncWorld["upstream"];
beforeAll(async () => {
  db = await migratedDatabase();
  const source = createBuilding({ seed: 1, site: SITE, timezone: "America/Chicago", points: 3 });
  world = new SyncWorld({ db, source, now: NOW });
  upstream = world.upstream;
  siteId = (await world.state()).siteId;
});
beforeEach(async () => {
  await db.exec("DELETE FROM backfill_days; DELETE FROM backfill_jobs; DELETE FROM day_files; DELETE FROM points");
  await db.exec("UPDATE sites SET catalog_at = NULL");
  world.upstream = upstream;
  vi.spyOn(console, "error").mockImplementation(() => undefined);
});

async function start(days: number): Promise<void> {
  const range = { first: DAY, last: DAY + days - 1 };
  const job = await startJob(db, { backfillId: BUILD, range, siteIds: [siteId], selection: "all" }, NOW);
  await appointNext(db, job!, siteId, null, NOW);
}

/**
 * Runs one instance in a process that `intercept` controls. @returns whether it ended, and which instance it started
 */
async function run(engine: MemoryEngine, days: MemoryDays, intercept: Intercept = (execute) => execute(), number = 0) {
  let next: number | null = null;
  let begun = 0;
  const kv = new Proxy(env.ETL_STATE, {
    get: (target) => (key: string, value: string) => intercept(() => target.put(key, value)),
  });
  const ended = await engine.run((steps) =>
    runInstance(steps, {
      maxDays: MAX_DAYS,
      db: interceptedDatabase(db, intercept),
      kv,
      destination: { builder: days.builder(intercept) },
      ticket: { backfillId: BUILD, epoch: 0, site: { id: siteId, name: SITE }, number },
      newClient: () => world.client(),
      now: () => NOW,
      start: (started) =>
        intercept(async () => {
          next = started;
        }),
      beginNext: () =>
        intercept(async () => {
          begun++;
        }),
    }),
  );
  return { ended, next, begun };
}

/** The job and its days in D1. */
async function outcome(): Promise<unknown> {
  const [jobs, days] = await db.batch([
    db.prepare("SELECT status, reason, epoch FROM backfill_jobs"),
    db.prepare(
      "SELECT day, outcome, records, api_calls, retries, hours, samples, rejected, reason FROM backfill_days ORDER BY day",
    ),
  ]);
  return { jobs: jobs?.results, days: days?.results };
}

/** Requests are counted by the client, and these days use none. */
const PROGRESS = { api_calls: 0, retries: 0, hours: 24, samples: 216 };
const WRITTEN = { outcome: "written", records: 216, ...PROGRESS, rejected: '{"null":24}', reason: null };
const DONE = {
  jobs: [{ status: "completed", reason: null, epoch: 0 }],
  days: [
    { day: DAY, ...WRITTEN },
    { day: DAY + 1, ...WRITTEN },
  ],
};

test("an instance processes its days and ends the job", async () => {
  await start(2);
  const days = new MemoryDays(DAY);
  expect(await run(new MemoryEngine(), days)).toEqual({ ended: true, next: null, begun: 1 });
  expect(await outcome()).toEqual(DONE);
  expect(days.published).toEqual([DAY, DAY + 1]);
  expect(await env.ETL_STATE.get<{ status: string }>("backfill:state", "json")).toMatchObject({ status: "completed" });
});

test("after its days an instance starts the next one", async () => {
  await start(MAX_DAYS + 1);
  const days = new MemoryDays(DAY);
  expect(await run(new MemoryEngine(), days)).toEqual({ ended: true, next: 1, begun: 0 });
  expect(days.published).toHaveLength(MAX_DAYS);
  // the replaced instance may do nothing more
  expect(await run(new MemoryEngine(), days)).toEqual({ ended: true, next: null, begun: 0 });
  expect(days.published).toHaveLength(MAX_DAYS);
  expect(await run(new MemoryEngine(), days, undefined, 1)).toEqual({ ended: true, next: null, begun: 1 });
  expect((await readProgress(db))?.job.status).toBe("completed");
});

describe.each(["before", "after"])("a process that dies %s a call", (kind) => {
  /** Dies at each call in turn, until `isPast`; the hours between the first and the last are alike. */
  async function dieEverywhere(
    fresh: () => Promise<{ engine: MemoryEngine; days: MemoryDays }>,
    isPast: (days: MemoryDays) => boolean,
  ) {
    for (let nth = 0; ; nth++) {
      const { engine, days } = await fresh();
      let calls = 0;
      const dying: Intercept = async (execute) => {
        const call = calls++;
        if (call < nth) return execute();
        if (call === nth && kind === "after") await execute();
        throw new ProcessDied();
      };
      const { ended } = await run(engine, days, dying);
      const isLast = ended || isPast(days);
      if (!ended) expect(await run(engine, days)).toMatchObject({ ended: true });
      const { jobs } = DONE;
      // a repeated step may count as a retry
      const retries = expect.toBeOneOf([0, 1]);
      expect(await outcome()).toEqual({ jobs, days: [{ ...DONE.days[0], retries }] });
      expect(days.published).toEqual([DAY]);
      expect(days.staged.size).toBe(0);
      // finished steps are not repeated, except for the step in which the process died
      for (const [, tries] of engine.tries) expect(tries).toBeLessThanOrEqual(2);
      if (isLast) return nth;
    }
  }

  test("up to the second hour: the next process ends the same", async () => {
    const fresh = async () => {
      await db.exec("DELETE FROM backfill_days; DELETE FROM backfill_jobs; UPDATE sites SET catalog_at = NULL");
      await start(1);
      return { engine: new MemoryEngine(), days: new MemoryDays(DAY) };
    };
    const nth = await dieEverywhere(fresh, (days) => days.staged.has(`${DAY} 1`));
    expect(nth).toBeGreaterThan(8);
  });

  test("from the last hour on: the next process ends the same", async () => {
    await start(1);
    const almost = new MemoryEngine();
    const before = new MemoryDays(DAY);
    before.before = async (call) => {
      if (call === "0 hour 23") throw new ProcessDied();
    };
    expect((await run(almost, before)).ended).toBe(false);
    const fresh = async () => {
      await db.exec(
        "UPDATE backfill_jobs SET status = 'in_progress'; UPDATE backfill_days SET outcome = 'pending', retries = 0",
      );
      const days = new MemoryDays(DAY);
      for (const key of before.staged) days.staged.add(key);
      return { engine: almost.copy(), days };
    };
    expect(await dieEverywhere(fresh, () => false)).toBeGreaterThan(10);
  });
});

test("the engine repeats a call that fails once, and counts it", async () => {
  await start(1);
  const days = new MemoryDays(DAY);
  let failures = 0;
  days.before = async (call) => {
    if (call === "0 hour 7" && failures++ < 2) throw new Error("the connection failed");
  };
  await run(new MemoryEngine(), days);
  expect(await outcome()).toMatchObject({ days: [{ outcome: "written", retries: 2 }] });
});

test("a failed day is recorded and unstaged, and the next one is built", async () => {
  await start(2);
  const days = new MemoryDays(DAY);
  days.before = async (call) => {
    if (call === "0 merge") throw new Error("the spill is broken");
  };
  await run(new MemoryEngine(), days);
  expect(await outcome()).toMatchObject({
    jobs: [{ status: "completed" }],
    days: [{ outcome: "failed", reason: "the spill is broken", retries: 4, rejected: '{"null":24}' }, WRITTEN],
  });
  expect([days.published, days.staged.size]).toEqual([[DAY + 1], 0]);
});

test("a day published by another build meanwhile is merged up to 3 times", async () => {
  await start(2);
  const days = new MemoryDays(DAY);
  days.conflicts = 2;
  await run(new MemoryEngine(), days);
  expect(await outcome()).toMatchObject({ days: [WRITTEN, WRITTEN] });
  await db.exec("DELETE FROM backfill_days; DELETE FROM backfill_jobs");
  await start(1);
  days.conflicts = 3;
  await run(new MemoryEngine(), days);
  expect(await outcome()).toMatchObject({ jobs: [{ status: "failed" }], days: [{ outcome: "failed" }] });
  expect(days.staged.size).toBe(0);
});

test.each(["0 hour 0", "0 hour 23", "0 merge", "0 publish", "1 hour 5"])(
  "a cancel during %s lets that step end and no other begin",
  async (during) => {
    await start(3);
    const days = new MemoryDays(DAY);
    const calls: string[] = [];
    days.before = async (call) => {
      calls.push(call);
      if (call === during) await cancelJob(db, NOW);
    };
    expect(await run(new MemoryEngine(), days)).toEqual({ ended: true, next: null, begun: 0 });
    expect(calls.slice(calls.indexOf(during) + 1).filter((call) => !call.endsWith("discard"))).toEqual([]);
    expect(days.staged.size).toBe(0);
    const published = during === "0 publish" || during === "1 hour 5" ? [DAY] : [];
    expect(days.published).toEqual(published);
    expect((await readProgress(db))?.sites).toMatchObject([
      { written: published.length, pending: 3 - published.length },
    ]);
  },
);

test("without any catalogue the days fail; an old one suffices", async () => {
  await start(1);
  world.upstream = () => Promise.resolve(new Response(null, { status: 401 }));
  const days = new MemoryDays(DAY);
  await run(new MemoryEngine(), days);
  expect(await outcome()).toMatchObject({ jobs: [{ status: "failed" }], days: [{ outcome: "failed" }] });
  await db.exec("DELETE FROM backfill_days; DELETE FROM backfill_jobs; UPDATE sites SET catalog_at = 5");
  await start(1);
  await run(new MemoryEngine(), days);
  expect(await outcome()).toMatchObject({ days: [WRITTEN] });
});

test("a job whose own steps fail ends as failed with the reason", async () => {
  await start(1);
  const days = new MemoryDays(DAY);
  days.before = async (call) => {
    if (call.endsWith("discard") || call === "0 hour 3") throw new Error("R2 does not answer");
  };
  await run(new MemoryEngine(), days);
  expect(await outcome()).toMatchObject({ jobs: [{ status: "failed", reason: `${SITE}: R2 does not answer` }] });
});

test.each(["0 hour 3", "0 merge", "0 publish"])("an instance replaced during %s records nothing", async (during) => {
  await start(2);
  const days = new MemoryDays(DAY);
  days.before = async (call) => {
    if (call !== during) return;
    await appointNext(db, { backfillId: BUILD, epoch: 0 }, siteId, 0, NOW);
    throw new Error("the other instance removed the staged objects");
  };
  expect(await run(new MemoryEngine(), days)).toEqual({ ended: true, next: null, begun: 0 });
  expect(await outcome()).toMatchObject({ jobs: [{ status: "in_progress" }], days: [{ outcome: "pending" }, {}] });
  expect([days.published, days.staged.size]).toEqual([[], 0]);
  days.before = () => Promise.resolve();
  expect(await run(new MemoryEngine(), days, undefined, 1)).toMatchObject({ ended: true, next: null });
  expect(await outcome()).toMatchObject({
    jobs: DONE.jobs,
    days: DONE.days.map((day) => ({ ...day, retries: expect.any(Number) })),
  });
});
