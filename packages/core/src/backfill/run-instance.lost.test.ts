import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { BackfillDayWorld, SITE_CALL } from "../../test/backfill-day-world.ts";
import { CrashPoint } from "../../test/crash-point.ts";
import { emptyDatabase, migratedDatabase, migratedOtherDatabase } from "../../test/database.ts";
import { keysOf } from "../../test/stored-day.ts";
import { readManifestDay } from "../manifest/manifest.ts";
import { interceptedDatabase } from "../d1/intercepted-database.ts";
import { readSyncStates } from "../sync/sync-state.ts";
import { readDayRuns } from "./day-runs.ts";
import { appointNext } from "./instance-store.ts";
import { pendingDays } from "./job-days.ts";
import { failedSpan } from "./failed-days.ts";
import { readJob } from "./job-store.ts";
import { startJob } from "./start-job.ts";
import { MemoryEngine } from "../../test/memory-engine.ts";
import { runInstance } from "./run-instance.ts";

const GONE = "D1_ERROR: this database is gone";
const NEVER = Number.POSITIVE_INFINITY;

/** A process whose site database stops answering at the nth call, for good. */
class LostDatabase extends CrashPoint {
  readonly #from: number;
  siteCalls = 0;

  constructor(from: number) {
    super(NEVER, "before");
    this.#from = from;
  }

  override database(db: D1Database, what: string): D1Database {
    if (what !== SITE_CALL) return super.database(db, what);
    return interceptedDatabase(db, (execute) => {
      return this.siteCalls++ < this.#from ? execute() : Promise.reject(new Error(GONE));
    });
  }
}

let jobs: D1Database;
let world: BackfillDayWorld;
/** another site of the job, in the main database */
let other: number;

beforeAll(async () => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  jobs = await migratedDatabase();
  await emptyDatabase();
  const db = await migratedOtherDatabase();
  await readSyncStates(db, ["ses_other"]);
  world = await BackfillDayWorld.create(db, jobs);
  other = (await readSyncStates(jobs, ["ses_here"])).get("ses_here")!.siteId;
});

let engine: MemoryEngine;
beforeEach(async () => {
  engine = await world.reset();
  await jobs
    .prepare("INSERT INTO backfill_days (backfill_id, site_id, day, outcome) VALUES ('backfill_1', ?1, ?2, 'pending')")
    .bind(other, world.day)
    .run();
});

const days = async () =>
  (await jobs.prepare("SELECT site_id, outcome, reason FROM backfill_days ORDER BY site_id").all()).results;
const ticket = { backfillId: "backfill_1", epoch: 0 };

/** The site's day failed because of its database; the other site's job goes on in the same epoch. */
async function expectOnlyItsDay(): Promise<void> {
  const failed = { site_id: world.jobSiteId, outcome: "failed", reason: expect.stringContaining(GONE) };
  const left = { site_id: other, outcome: "pending", reason: null };
  expect(await days()).toEqual([failed, left].sort((a, b) => a.site_id - b.site_id));
  expect(await readJob(jobs)).toMatchObject({ status: "in_progress", epoch: 0, reason: null });
  expect(await pendingDays(jobs, ticket, other, 1)).toEqual([world.day]);
}

/** A retry selects the failed day once its database answers. */
async function expectRetried(): Promise<void> {
  await jobs.prepare("UPDATE backfill_days SET outcome = 'written' WHERE site_id = ?1").bind(other).run();
  await jobs.prepare("UPDATE backfill_jobs SET status = 'completed'").run();
  const placed = { id: world.jobSiteId, name: world.stored.site.name, elsewhere: world.stored };
  const range = { first: world.day - 3, last: world.day + 3 };
  const span = await failedSpan(jobs, [placed], range);
  expect(span).toEqual({ first: world.day, last: world.day });
  const elsewhere = await readDayRuns([placed], range);
  const retry = { backfillId: "backfill_2", range, siteIds: [], elsewhere, selection: "failed" } as const;
  const job = await startJob(jobs, retry, Date.now());
  expect(await pendingDays(jobs, job!, world.jobSiteId, 9)).toEqual([world.day]);
}

test("a lost database fails the site's day, and the job goes on", async () => {
  let from = 0;
  for (; ; from++) {
    engine = await world.reset();
    await jobs
      .prepare(
        "INSERT INTO backfill_days (backfill_id, site_id, day, outcome) VALUES ('backfill_1', ?1, ?2, 'pending')",
      )
      .bind(other, world.day)
      .run();
    const lost = new LostDatabase(from);
    expect(await world.run(engine, lost)).toBe(true);
    if (lost.siteCalls <= from) break;
    // if the loss came after publishing, the day is published
    const dayOfJob = (await days()).find(({ site_id }) => site_id === world.jobSiteId);
    if (dayOfJob!["outcome"] === "failed") await expectOnlyItsDay();
    else
      expect(await readManifestDay(world.stored.db, world.stored.site.id, world.day)).toMatchObject({ source: "api" });
    expect(await keysOf(env.TIMESERIES, "staging/")).toEqual([]);
    const found = await world.query();
    expect(found).toEqual(found.length === world.before.length ? world.before : world.after);
    if (dayOfJob!["outcome"] === "written") expect(found).toEqual(world.after);
  }
  expect(from).toBeGreaterThan(5);
});

test("a retry selects failed days that the site's database did not record", async () => {
  expect(await world.run(engine, new LostDatabase(0))).toBe(true);
  await expectOnlyItsDay();
  expect(await readManifestDay(world.stored.db, world.stored.site.id, world.day)).toMatchObject({ reason: null });
  expect(await world.query()).toEqual(world.before);
  await expectRetried();
});

test("a database lost before the catalogue check fails only its day", async () => {
  expect(await world.run(new MemoryEngine(), new LostDatabase(0))).toBe(true);
  await expectOnlyItsDay();
  await expectRetried();
});

describe("a site that could not be found", () => {
  const run = (started: number[]) =>
    new MemoryEngine().run((steps) =>
      runInstance(steps, {
        maxDays: 1,
        db: jobs,
        destination: { lost: `cannot read the site's database: ${GONE}` },
        kv: env.ETL_STATE,
        newClient: () => world.world.client(),
        now: Date.now,
        ticket: { ...ticket, site: { id: world.jobSiteId, name: world.stored.site.name }, number: 0 },
        start: async (number) => void started.push(number),
        beginNext: () => Promise.resolve(),
      }),
    );

  test("fails its days with the reason, and the job goes on", async () => {
    expect(await run([])).toBe(true);
    await expectOnlyItsDay();
    await expectRetried();
  });

  test("fails ten days an instance; the next instance searches again", async () => {
    for (let day = 1; day <= 10; day++) {
      await jobs
        .prepare(
          "INSERT INTO backfill_days (backfill_id, site_id, day, outcome) VALUES ('backfill_1', ?1, ?2, 'pending')",
        )
        .bind(world.jobSiteId, world.day + day)
        .run();
    }
    const started: number[] = [];
    expect(await run(started)).toBe(true);
    expect(started).toEqual([1]);
    expect(await pendingDays(jobs, ticket, world.jobSiteId, 99)).toEqual([world.day + 10]);
  });

  test("fails nothing if another instance took over", async () => {
    await appointNext(jobs, ticket, world.jobSiteId, 0, Date.now());
    expect(await run([])).toBe(true);
    expect((await days()).map(({ outcome }) => outcome)).toEqual(["pending", "pending"]);
  });
});
