import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type CrashKind, CrashPoint } from "../../test/crash-point.ts";
import { migratedDatabase } from "../../test/database.ts";
import { MemoryInstances } from "../../test/memory-instances.ts";
import { newSite } from "../../test/points.ts";
import { type DayOutcome, pendingDays, recordOutcome } from "./job-days.ts";
import { appointNext, instanceName, isCurrent, sitesAtWork } from "./instance-store.ts";
import { readJob } from "./job-store.ts";
import { startJob } from "./start-job.ts";
import { type Instances, type InstanceState, MAX_CONSECUTIVE_FAILURES, recoveryFor, supervise } from "./supervise.ts";

const DAY = 20_000;
const DAYS = [DAY, DAY + 1];
const BUILD = "backfill_1";
const now = () => 1;
const WRITTEN: DayOutcome = {
  outcome: "written",
  records: 1,
  rejected: {},
  key: "k",
  reason: null,
};

let db: D1Database;
let site: { id: number; name: string };
let other: typeof site;
beforeAll(async () => {
  db = await migratedDatabase();
  site = { id: await newSite(db, "a"), name: "a" };
  other = { id: await newSite(db, "b"), name: "b" };
});
beforeEach(clear);

async function clear(): Promise<void> {
  await db.exec("DELETE FROM backfill_days; DELETE FROM backfill_jobs");
}

const nameOf = (stored: typeof site, number: number) => `${BUILD}-${stored.id}-${number}`;
const begin = (sites = [site, other], through = db) =>
  startJob(
    through,
    {
      backfillId: BUILD,
      range: { first: DAY, last: DAY + 1 },
      siteIds: sites.map(({ id }) => id),
      selection: "all",
    },
    0,
  );
const done = (stored: typeof site, day: number) => recordOutcome(db, BUILD, stored.id, day, WRITTEN, 2);

describe("the recovery action for a site", () => {
  const work = { site: { id: 1, name: "a" }, number: 3, consecutiveFailures: 0 };
  test.each<[string, ReturnType<typeof recoveryFor>, Partial<typeof work> | { number: null }, InstanceState]>([
    ["no instance was appointed", "appoint", { number: null }, { is: "absent" }],
    ["its instance lives", "leave", {}, { is: "alive" }],
    ["its instance lives after many failures", "leave", { consecutiveFailures: 99 }, { is: "alive" }],
    ["its instance was never started", "start", {}, { is: "absent" }],
    ["its instance ended", "appoint", {}, { is: "ended", reason: null }],
    [
      "one instance less than the limit ended",
      "appoint",
      { consecutiveFailures: MAX_CONSECUTIVE_FAILURES - 2 },
      { is: "ended", reason: null },
    ],
    [
      "as many instances as the limit ended",
      "give up",
      { consecutiveFailures: MAX_CONSECUTIVE_FAILURES - 1 },
      { is: "ended", reason: null },
    ],
  ])("if %s: %s", (_, recovery, given, state) => {
    expect(recoveryFor({ ...work, ...given }, state)).toBe(recovery);
  });
});

test("an instance has the same id in the database and in the engine", async () => {
  const job = await begin();
  await appointNext(db, job!, site.id, null, 1);
  await appointNext(db, job!, site.id, 0, 1);
  const id = await db.prepare("SELECT instance FROM backfill_instances").first("instance");
  expect(id).toBe(instanceName({ backfillId: BUILD, site, number: 1 }));
});

test("a job starts one instance for each site", async () => {
  const engine = new MemoryInstances();
  expect(await supervise(db, engine, now)).toBeNull();
  await begin();
  expect(await supervise(db, engine, now)).toEqual({ backfillId: BUILD, started: ["a", "b"], ended: false });
  expect(await engine.atWork(db)).toEqual([nameOf(site, 0), nameOf(other, 0)]);
  expect(engine.told.get(nameOf(site, 0))).toEqual({
    backfillId: BUILD,
    epoch: 0,
    site,
    number: 0,
    replaceSuspect: true,
  });
  expect(await supervise(db, engine, now)).toMatchObject({ started: [] });
  expect(engine.starts).toBe(2);
});

test("a new instance follows one that was terminated", async () => {
  const engine = new MemoryInstances();
  await begin();
  await supervise(db, engine, now);
  engine.end(nameOf(site, 0), "it was terminated");
  expect(await supervise(db, engine, now)).toMatchObject({ started: ["a"] });
  expect(await engine.atWork(db)).toEqual([nameOf(other, 0), nameOf(site, 1)]);
  expect(await isCurrent(db, engine.told.get(nameOf(site, 0))!)).toBe(false);
});

test("a job whose instance died after its last day is ended", async () => {
  const engine = new MemoryInstances();
  await begin([site]);
  await supervise(db, engine, now);
  for (const day of DAYS) await done(site, day);
  expect(await supervise(db, engine, now)).toEqual({ backfillId: BUILD, started: [], ended: true });
  expect((await readJob(db))?.status).toBe("completed");
});

test("repeated failures on the same day fail the job, with the reason", async () => {
  const engine = new MemoryInstances();
  const job = await begin([site]);
  const die = async (times: number) => {
    for (let i = 0; i < times; i++) {
      await supervise(db, engine, now);
      engine.end([...engine.states.keys()].at(-1)!, "no memory left");
    }
  };
  await die(MAX_CONSECUTIVE_FAILURES - 1);
  await done(site, DAY);
  await die(MAX_CONSECUTIVE_FAILURES);
  expect(await sitesAtWork(db, BUILD)).toMatchObject([{ consecutiveFailures: MAX_CONSECUTIVE_FAILURES - 1 }]);
  expect((await readJob(db))?.status).toBe("in_progress");
  expect(await supervise(db, engine, now)).toMatchObject({ started: [], ended: true });
  const reason = `a: ${MAX_CONSECUTIVE_FAILURES} Workflow instances in a row finished no day; the last one: no memory left`;
  expect(await readJob(db)).toMatchObject({ status: "failed", reason });
  expect(await pendingDays(db, job!, site.id, 9)).toEqual([DAY + 1]);
});

test("a site whose instance cannot be started does not block the others", async () => {
  const engine = new MemoryInstances();
  await begin();
  const broken: Instances = {
    find: (ticket) => engine.find(ticket),
    start: (instance) =>
      instance.site.id === site.id ? Promise.reject(new Error("no engine")) : engine.start(instance),
  };
  await expect(supervise(db, broken, now)).rejects.toThrow("no engine");
  expect(await engine.atWork(db)).toEqual([nameOf(other, 0)]);
  await supervise(db, engine, now);
  expect(await engine.atWork(db)).toEqual([nameOf(other, 0), nameOf(site, 0)]);
});

describe.each<CrashKind>(["before", "after"])("a crash %s any call", (kind) => {
  /** Dies at each call in turn; @returns the number of calls */
  async function dieEverywhere(
    prepare: (engine: MemoryInstances) => Promise<void>,
    act: (through: D1Database, engine: Instances) => Promise<unknown>,
    expected: (at: number) => string[],
  ): Promise<number> {
    for (let nth = 0; ; nth++) {
      await clear();
      const engine = new MemoryInstances();
      await prepare(engine);
      const crash = new CrashPoint(nth, kind);
      await act(crash.database(db), engine.behind(crash.call)).catch(() => undefined);
      if (!crash.happened) return nth;
      await supervise(db, engine, now);
      const running = (await readJob(db))?.status === "in_progress";
      expect(await engine.atWork(db)).toEqual(running ? expected(nth) : []);
      // a further pass changes nothing
      const { starts } = engine;
      await supervise(db, engine, now);
      expect(engine.starts).toBe(starts);
    }
  }
  const both = () => [nameOf(site, 0), nameOf(other, 0)];

  test("while a backfill starts is repaired in one pass", async () => {
    const calls = await dieEverywhere(
      () => Promise.resolve(),
      async (through, engine) => {
        await begin(undefined, through);
        await supervise(through, engine, now);
      },
      both,
    );
    expect(calls).toBe(7);
  });

  test("while an instance hands over is repaired in one pass", async () => {
    const calls = await dieEverywhere(
      async (engine) => {
        await begin();
        await supervise(db, engine, now);
        await done(site, DAY);
      },
      async (through, engine) => {
        const job = (await readJob(db))!;
        if ((await appointNext(through, job, site.id, 0, 1)) === 1) {
          await engine.start({ ...job, site, number: 1 });
        }
        throw new Error("ended");
      },
      (at) => (kind === "before" && at === 0 ? both() : [nameOf(other, 0), nameOf(site, 1)]),
    );
    expect(calls).toBe(2);
  });

  test("while a supervisor replaces an instance is repaired in one pass", async () => {
    const calls = await dieEverywhere(
      async (engine) => {
        await begin();
        await supervise(db, engine, now);
        engine.end(nameOf(site, 0));
      },
      (through, engine) => supervise(through, engine, now),
      () => [nameOf(other, 0), nameOf(site, 1)],
    );
    expect(calls).toBe(6);
  });
});
