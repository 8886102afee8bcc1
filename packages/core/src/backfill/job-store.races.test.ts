import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { migratedDatabase } from "../../test/database.ts";
import { interceptedDatabase } from "../d1/intercepted-database.ts";
import { newSite } from "../../test/points.ts";
import { pendingDays, recordOutcome } from "./job-days.ts";
import { appointNext, isCurrent } from "./instance-store.ts";
import { cancelJob, finishJob, type Job, readJob } from "./job-store.ts";
import { startJob } from "./start-job.ts";

const DAY = 20_000;
const RANGE = { first: DAY, last: DAY + 2 };
const DAYS = [DAY, DAY + 1, DAY + 2];

/** Statements in the batch that starts a job. */
const START_BATCH = 4;

/** Records each change of a job's status and each publication, in commit order. */
const WATCH = [
  "CREATE TABLE seen (n INTEGER PRIMARY KEY, job TEXT, what TEXT, day INTEGER)",
  `CREATE TRIGGER seen_start AFTER INSERT ON backfill_jobs BEGIN
     INSERT INTO seen (job, what) VALUES (NEW.backfill_id, NEW.status); END`,
  `CREATE TRIGGER seen_change AFTER UPDATE OF status ON backfill_jobs WHEN OLD.status <> NEW.status BEGIN
     INSERT INTO seen (job, what) VALUES (NEW.backfill_id, NEW.status); END`,
  `CREATE TRIGGER seen_file AFTER INSERT ON day_files BEGIN
     INSERT INTO seen (job, what, day) VALUES (NEW.build, 'published', NEW.day); END`,
  `CREATE TRIGGER seen_file_again AFTER UPDATE ON day_files BEGIN
     INSERT INTO seen (job, what, day) VALUES (NEW.build, 'published', NEW.day); END`,
];
const seenSchema = z.array(z.object({ job: z.string(), what: z.string(), day: z.int().nullable() }));

let db: D1Database;
let site: number;
beforeAll(async () => {
  db = await migratedDatabase();
  site = await newSite(db, "a");
  await db.batch(WATCH.map((statement) => db.prepare(statement)));
});
// other test files use the database after this one
afterAll(async () => {
  const triggers = ["seen_start", "seen_change", "seen_file", "seen_file_again"].map((name) => `DROP TRIGGER ${name}`);
  await db.batch([...triggers, "DROP TABLE seen"].map((statement) => db.prepare(statement)));
});

interface Command {
  readonly kind: "start" | "restart" | "cancel";
  /** how many calls of the other commands it waits for */
  readonly delay: number;
}

const commands: fc.Arbitrary<Command[]> = fc.array(
  fc.record({
    kind: fc.constantFrom("start" as const, "start" as const, "restart" as const, "cancel" as const, "cancel" as const),
    delay: fc.nat(14),
  }),
  { minLength: 2, maxLength: 7 },
);

/** Runs database calls one at a time, drawing the next one from all waiting calls. */
class World {
  readonly db: D1Database;
  readonly starts: { readonly by: string; readonly job: Job | null; readonly running: string | null }[] = [];
  readonly cancelled: string[] = [];
  #waiting: (() => Promise<void>)[] = [];
  #running: string | null = null;
  #ids = 0;
  /** commands that still run */
  #left = 0;

  constructor() {
    this.db = interceptedDatabase(db, (execute, statements) =>
      this.#turn(async () => {
        const result = await execute();
        if (statements === START_BATCH) {
          const job = await readJob(db);
          this.#running = job?.status === "in_progress" ? job.backfillId : null;
        }
        return result;
      }),
    );
  }

  #turn<T>(execute: () => Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#waiting.push(() => execute().then(resolve, reject));
    return promise;
  }

  /** @param draw returns a number from 0 to below its argument */
  async run(list: readonly Command[], draw: (below: number) => number): Promise<void> {
    this.#left = list.length;
    const all = Promise.all(list.map((command) => this.command(command).finally(() => this.#left--)));
    while (this.#left > 0) {
      // lets the continuations of the last call reach their next call
      for (let tick = 0; tick < 40; tick++) await Promise.resolve();
      const [next] = this.#waiting.length === 0 ? [] : this.#waiting.splice(draw(this.#waiting.length), 1);
      await next?.();
    }
    await all;
  }

  async command({ kind, delay }: Command): Promise<void> {
    for (let i = 0; i < delay; i++) await this.#turn(() => Promise.resolve());
    if (kind === "cancel") {
      const job = await cancelJob(this.db, 0);
      if (job !== null) this.cancelled.push(job.backfillId);
      return;
    }
    const selection = kind === "restart" ? "all" : "unfinished";
    const by = `job_${this.#ids++}_${selection}`;
    const job = await startJob(this.db, { backfillId: by, range: RANGE, siteIds: [site], selection }, this.#ids);
    this.starts.push({ by, job, running: this.#running });
    if (job !== null) await this.#work(job);
  }

  /** Acts as an instance: each step first checks that it may go on. */
  async #work(job: Job): Promise<void> {
    const number = await appointNext(this.db, job, site, null, 0);
    const ticket = { ...job, site: { id: site, name: "a" }, number: number ?? 0 };
    for (;;) {
      const days = (await isCurrent(this.db, ticket)) ? await pendingDays(this.db, job, site, 2) : [];
      if (days.length === 0) break;
      for (const day of days) {
        if (!(await isCurrent(this.db, ticket))) return;
        await this.db
          .prepare(
            `INSERT INTO day_files (site_id, day, state, source, build, updated_at)
             VALUES (?1, ?2, 'written', 'api', ?3, 0) ON CONFLICT (site_id, day) DO UPDATE SET build = ?3`,
          )
          .bind(site, day, job.backfillId)
          .run();
        const outcome = {
          outcome: "written",
          records: 1,
          rejected: {},
          key: "k",
          reason: null,
        } as const;
        await recordOutcome(this.db, job.backfillId, site, day, outcome, 0);
      }
    }
    await finishJob(this.db, job, 0);
  }
}

test("concurrent starts, cancels and steps: one job at a time, no day lost", async () => {
  let refused = 0;
  let cancelled = 0;
  const world = fc.asyncProperty(commands, fc.infiniteStream(fc.nat(1_000_000)), async (list, random) => {
    const tables = ["backfill_days", "backfill_jobs", "day_files", "seen"];
    await db.batch(tables.map((table) => db.prepare(`DELETE FROM ${table}`)));
    const jobs = new World();
    await jobs.run(list, (below) => random.next().value % below);

    const { results } = await db.prepare("SELECT job, what, day FROM seen ORDER BY n").all();
    const seen = seenSchema.parse(results);
    const published = new Set<number>();
    let running: string | null = null;
    let before = new Set<number>();
    const late = new Map<string, number>();
    for (const { job, what, day } of seen) {
      if (what === "in_progress") {
        expect(running).toBeNull();
        running = job;
        before = new Set(published);
      } else if (what === "published") {
        if (running !== job) late.set(job, (late.get(job) ?? 0) + 1);
        else if (job.endsWith("unfinished")) expect(before).not.toContain(day);
        published.add(day!);
      } else {
        expect(running).toBe(job);
        running = null;
        if (what === "cancelled") expect(jobs.cancelled).toContain(job);
        // a completed job has published every day
        else expect([what, [...published].sort((a, b) => a - b)]).toEqual(["completed", DAYS]);
      }
    }
    expect(running).toBeNull();
    for (const job of jobs.cancelled) expect(seen).toContainEqual({ job, what: "cancelled", day: null });
    // a step that checked before the cancel may still publish its day, but no other day
    for (const [job, count] of late) expect([job, count]).toEqual([job, 1]);
    for (const { by, job, running: then } of jobs.starts) {
      if (job !== null) expect(job.backfillId).toBe(by);
      else expect([null, by]).not.toContain(then);
      refused += job === null ? 1 : 0;
    }
    cancelled += jobs.cancelled.length;

    // after any history, a later start fetches exactly the remaining days
    const left = DAYS.filter((day) => !published.has(day));
    const last = { backfillId: "job_last", range: RANGE, siteIds: [site], selection: "unfinished" } as const;
    const job = await startJob(db, last, 99);
    expect(job?.status).toBe(left.length === 0 ? "completed" : "in_progress");
    expect(await pendingDays(db, job!, site, 10)).toEqual(left);
  });
  await fc.assert(world, { numRuns: 200 });
  // without races the property would prove nothing
  expect(refused).toBeGreaterThan(50);
  expect(cancelled).toBeGreaterThan(50);
});
