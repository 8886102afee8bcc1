import { createBuilding } from "@building-vitals/ace-simulator/building";
import { env } from "cloudflare:workers";
import { createDayBuilder } from "../src/backfill/day-builder.ts";
import type { SiteStore } from "../src/backfill/backfill-site.ts";
import { readDayRuns } from "../src/backfill/day-runs.ts";
import { appointNext } from "../src/backfill/instance-store.ts";
import { startJob } from "../src/backfill/start-job.ts";
import { MemoryEngine, ProcessDied } from "./memory-engine.ts";
import { runInstance } from "../src/backfill/run-instance.ts";
import type { Steps } from "../src/backfill/steps.ts";
import { loadCatalog } from "../src/catalog/catalog.ts";
import { settleFromSegments } from "../src/day-build/settle-from-segments.ts";
import { DAY_MS, dayRange, dayStart } from "../src/domain/day.ts";
import { addSamples, upsertSamples } from "./store.ts";
import { refreshCatalog } from "../src/catalog/refresh-catalog.ts";
import { readSyncStates } from "../src/sync/sync-state.ts";
import { CrashPoint } from "./crash-point.ts";
import { pointSamples } from "./points.ts";
import { preparedStorage } from "./prepared-storage.ts";
import { queriedDay } from "./queried-day.ts";
import { SmallParts } from "./small-parts.ts";
import { keysOf } from "./stored-day.ts";
import { type SampleLines, sourceSamples } from "./stored-samples.ts";
import { SyncWorld } from "./sync-world.ts";

const DAY = 20_373;
const START = dayStart(DAY);
const JOB_TABLES = ["backfill_days", "backfill_instances", "backfill_jobs"];
const SITE_TABLES = ["segments", "block_latest", "hot_hours", "day_files", "block_days", "quality_days"];

type Own = [time: number, value: number];

/** Names of the calls to the two databases, for tests that count calls. */
export const JOBS_CALL = "d1";
export const SITE_CALL = "d1 of the site";

/**
 * A site's day that a backfill builds over an older file and hot samples. All hours but the last are fetched. The jobs
 * may be in another database, with another id of the site.
 */
export class BackfillDayWorld {
  readonly day = DAY;
  readonly parts = new SmallParts(env.TIMESERIES);
  /** answers of a query before and after the day is built from the upstream */
  before: SampleLines = [];
  after: SampleLines = [];
  readonly jobs: D1Database;
  readonly world: SyncWorld;
  /** the site with its id in the database of its samples */
  readonly stored: SiteStore;
  /** the site's id in the database of the jobs */
  readonly jobSiteId: number;
  /** has fetched all hours but the last */
  #engine = new MemoryEngine();
  readonly #spills = new Map<string, ArrayBuffer>();
  /** stores the samples that exist before the upstream is requested */
  #storeOld: () => Promise<void> = () => Promise.resolve();
  #storeHot: () => Promise<void> = () => Promise.resolve();
  readonly #prepared: () => Promise<void>;

  private constructor(jobs: D1Database, jobSiteId: number, stored: SiteStore, world: SyncWorld) {
    this.jobs = jobs;
    this.jobSiteId = jobSiteId;
    this.stored = stored;
    this.world = world;
    const databases = stored.db === jobs ? [jobs] : [jobs, stored.db];
    this.#prepared = preparedStorage(() => this.#begin(), env.TIMESERIES, databases);
  }

  /** @param db the site's database @param jobs the jobs' database; the same or another one, both with the schema */
  static async create(db: D1Database, jobs: D1Database): Promise<BackfillDayWorld> {
    const source = createBuilding({
      seed: 3,
      site: "ses_crash",
      timezone: "America/Chicago",
      points: 5,
      collectInterval: 600,
    });
    const { name } = source.site;
    const sync = new SyncWorld({ db, source, now: now() });
    const site = { id: (await sync.state()).siteId, name };
    const known = (await readSyncStates(jobs, [name])).get(name);
    const world = new BackfillDayWorld(jobs, known!.siteId, { db, site }, sync);
    await refreshCatalog(db, sync.client(), name, site.id, now());
    await world.#prepare(sourceSamples(source, dayRange(DAY)));
    return world;
  }

  async #prepare(served: SampleLines): Promise<void> {
    const { db, site } = this.stored;
    // The point that has samples before the upstream is requested.
    const catalog = await loadCatalog(db, site.id);
    const name = served.map((line) => line.split(" ")[0]!).find((known) => catalog.has(known))!;
    const { id } = catalog.get(name)!;
    const [first, second] = served
      .filter((line) => line.startsWith(`${name} `))
      .map((line) => Number(line.split(" ")[1]));
    // The older file's samples: the upstream has another value of the first, not the second, and the third has another
    // hot value.
    const old: Own[] = [
      [first!, -1],
      [START + 1, 2],
      [START + 2, 3],
    ];
    // Hot samples: the upstream has another value of the first, the file of the second, and the third is only hot.
    const hot: Own[] = [
      [second!, -4],
      [START + 2, 5],
      [START + 3, 6],
    ];
    const samplesOf = (own: Own[]) => pointSamples(own.map(([time, value]) => [id, time, value]));
    // Requested before the backfill's requests, and after them.
    this.#storeOld = async () => void (await addSamples(db, samplesOf(old)));
    this.#storeHot = async () => void (await upsertSamples(db, samplesOf(hot)));
    const merged = (...levels: SampleLines[]) => {
      const lines = levels.flat().map((line) => [line.slice(0, line.lastIndexOf(" ")), line] as const);
      return [...new Map(lines).values()].sort();
    };
    const linesOf = (own: Own[]) => own.map(([time, value]) => `${name} ${time} ${value}`);
    this.before = merged(linesOf(old), linesOf(hot));
    this.after = merged(linesOf(old), served, linesOf(hot));

    await this.#begin();
    const untilLastHour = (step: string) => {
      if (step.endsWith("hour 23")) throw new ProcessDied();
    };
    await this.run(this.#engine, new CrashPoint(Number.POSITIVE_INFINITY, "before"), untilLastHour);
    for (const key of await keysOf(env.TIMESERIES, "staging/")) {
      this.#spills.set(key, await (await env.TIMESERIES.get(key))!.arrayBuffer());
    }
    if (this.#spills.size !== 23) throw new Error(`${this.#spills.size} hours were fetched`);
  }

  /** A query's answer for the day. @throws if a part of the storage could not be read */
  query(): Promise<SampleLines> {
    const { db, site } = this.stored;
    return queriedDay(db, env.TIMESERIES, { site, day: DAY });
  }

  /** Restores the state before the last hour is fetched. @returns the engine of that state */
  async reset(): Promise<MemoryEngine> {
    await this.#prepared();
    this.parts.uploads.length = 0;
    return this.#engine.copy();
  }

  /** Creates the state after the job has started, with the hours fetched so far. */
  async #begin(): Promise<void> {
    const { db, site } = this.stored;
    const deletes = (from: D1Database, tables: readonly string[]) =>
      tables.map((table) => from.prepare(`DELETE FROM ${table}`));
    await this.jobs.batch(deletes(this.jobs, JOB_TABLES));
    const forget = db.prepare("UPDATE points SET first_seen = NULL, last_seen = NULL");
    await db.batch([...deletes(db, SITE_TABLES), forget]);
    const keys = await keysOf(env.TIMESERIES, "");
    if (keys.length > 0) await env.TIMESERIES.delete(keys);
    await this.#storeOld();
    const settled = await settleFromSegments(
      { db, bucket: this.parts.bucket, hotDays: 0, now },
      { build: "old", site, day: DAY },
    );
    if (settled.outcome !== "settled") throw new Error(JSON.stringify(settled));
    await this.#storeHot();
    const isHere = db === this.jobs;
    const range = { first: DAY, last: DAY };
    const job = await startJob(
      this.jobs,
      {
        backfillId: "backfill_1",
        range,
        siteIds: isHere ? [site.id] : [],
        elsewhere: isHere
          ? []
          : await readDayRuns([{ id: this.jobSiteId, name: site.name, elsewhere: this.stored }], range),
        selection: "all",
      },
      now(),
    );
    await appointNext(this.jobs, job!, this.jobSiteId, null, now());
    await Promise.all([...this.#spills].map(([key, bytes]) => env.TIMESERIES.put(key, bytes)));
  }

  /**
   * Runs an instance in a process that dies as `crash` says.
   * @param atStep called before each step
   * @param number of the instance
   * @param served the upstream's samples; default the building's samples
   * @returns whether it ended
   */
  async run(
    by: MemoryEngine,
    crash: CrashPoint,
    atStep: (name: string) => void = () => undefined,
    number = 0,
    served = this.world.upstream,
  ): Promise<boolean> {
    const { world, stored } = this;
    const { upstream } = world;
    world.upstream = crash.upstream(served);
    const jobs = crash.database(this.jobs, JOBS_CALL);
    const db = stored.db === this.jobs ? jobs : crash.database(stored.db, SITE_CALL);
    const bucket = crash.bucket(this.parts.bucket);
    const newClient = () => world.client();
    // Nothing awaits the failed calls of a dead process.
    const dying = (steps: Steps): Steps => ({
      do: (name, options, step) =>
        steps.do(name, options, async (attempt) => {
          atStep(name);
          crash.noteBoundary();
          const result = await step(attempt).catch((error: unknown) => {
            throw crash.happened && crash.lethal ? new ProcessDied() : error;
          });
          if (crash.happened && crash.lethal) throw new ProcessDied();
          return result;
        }),
    });
    return by
      .run((steps) =>
        runInstance(dying(steps), {
          maxDays: 1,
          db: jobs,
          kv: env.ETL_STATE,
          newClient,
          now,
          // Small pages if calls are counted. A later instance fetches all hours again.
          destination: {
            stored: { db, site: stored.site },
            builder: createDayBuilder({
              db,
              bucket,
              newClient,
              pageSize: number === 0 ? 3 : 100,
              replaceSuspect: false,
              hotDays: 0,
              now,
            }),
          },
          ticket: { backfillId: "backfill_1", epoch: 0, site: { id: this.jobSiteId, name: stored.site.name }, number },
          start: () => Promise.reject(new Error("there is no next instance")),
          beginNext: () => Promise.resolve(),
        }),
      )
      .finally(() => {
        world.upstream = upstream;
      });
  }
}

function now(): number {
  return START + 3 * DAY_MS;
}
