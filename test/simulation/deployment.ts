import type { WorkflowEvent, WorkflowStep } from "cloudflare:workers";
import { runCron as runEtlCron } from "../../workers/etl/src/cron.ts";
import { settleFromSegments } from "@building-vitals/core/day-build/settle-from-segments";
import { storedSites } from "../../workers/etl/src/sites.ts";
import { runGaps } from "../../workers/etl/src/gaps.ts";
import { runRebuild } from "../../workers/etl/src/rebuild.ts";
import { type Settings as EtlSettings, settingsOf as etlSettings } from "../../workers/etl/src/env.ts";
import { runCron as runBackfillCron } from "../../workers/backfill/src/cron.ts";
import {
  type Env,
  type Settings as BackfillSettings,
  settingsOf as backfillSettings,
} from "../../workers/backfill/src/env.ts";
import { startInstance } from "../../workers/backfill/src/instance-params.ts";
import { startBackfill } from "../../workers/backfill/src/start.ts";
import { BackfillWorkflow } from "../../workers/backfill/src/workflow.ts";
import { cancelJob } from "@building-vitals/core/backfill/job-store";
import type { DaySelection } from "@building-vitals/core/backfill/job-days";
import { binding } from "@building-vitals/core/http/settings";
import type { RebuiltDay } from "@building-vitals/core/rebuild/rebuild-day";
import type { RebuildResult } from "@building-vitals/core/rebuild/rebuild-days";
import { replayDeadLetters } from "@building-vitals/core/sync/replay-dead-letters";
import { readSyncStates } from "@building-vitals/core/sync/sync-state";
import { SimulatedBucket } from "./bucket.ts";
import { type SentStatement, SimulatedDatabase } from "./database.ts";
import { type Deletable, deleteAll } from "./delete-samples.ts";
import { SimulatedWorkflows } from "./engine.ts";
import { Ledger } from "./ledger.ts";
import { GapBooks } from "./gap-books.ts";
import { HOUR, type Plant, MINUTE, TODAY } from "./plant.ts";
import { checkJudged } from "./quality-check.ts";
import { Storage } from "./storage.ts";
import { type ServedPage, Upstream } from "./upstream.ts";
import type { Process, World } from "./world.ts";

/** Run time after which the platform ends a cron's process, in milliseconds. */
const CRON_LIMIT_MS = 15 * MINUTE;

const MONTH_FILES = `timeseries/${new Date(TODAY).toISOString().slice(0, 7).replace("-", "/")}/site_`;

const PROCESS_IN_URL = /^https:\/\/ace\.test\/(\d+)\//;

/** The Workers as deployed, on simulated bindings: each job is a process with its own bindings. */
export class Deployment {
  readonly database: SimulatedDatabase;
  readonly bucket = new SimulatedBucket();
  readonly workflows: SimulatedWorkflows;
  readonly storage: Storage;
  readonly ledger: Ledger;
  readonly lookbackMs = 10 * MINUTE;
  /** shortest time from a gap's end to the request that confirms it empty, ms */
  readonly confirmMs: number;
  readonly gapBooks: GapBooks;
  /** number of queries that read a month's object */
  monthReads = 0;
  readonly #world: World;
  readonly #plant: Plant;
  readonly #upstream: Upstream;
  readonly #pageSize: number;
  readonly #initialHours: number;
  readonly #gapRequests: number;
  readonly #processes = new Map<number, Process>();
  /** days whose row groups D1 keeps: the setting HOT_DAYS */
  #hotDays = 20;
  /** the sites' setting for month files */
  #keepsMonths = true;
  /** whether D1 lost row groups that it keeps */
  hasLostKept = false;
  #told: (statements: readonly SentStatement[], by: Process) => void = () => undefined;
  #numbers = 0;
  #etlSettings: EtlSettings | null = null;
  #backfillSettings: BackfillSettings | null = null;

  constructor(world: World, plant: Plant) {
    this.#world = world;
    this.#plant = plant;
    this.database = new SimulatedDatabase();
    this.storage = new Storage(this.database, this.bucket);
    this.#gapRequests = world.random.pick([4, 40]);
    this.confirmMs = world.random.pick([1, 6, 24]) * HOUR;
    this.ledger = new Ledger(world, plant, this.database, this.storage);
    this.gapBooks = new GapBooks(world, plant, this.database, this.storage, this.confirmMs);
    this.#upstream = new Upstream(world, plant);
    this.#pageSize = world.random.pick([3, 10, 100]);
    this.#initialHours = 3 + world.random.below(8);
    this.database.onCommit = (statements, by) => {
      this.#told(statements, by);
      this.ledger.noteCommit(statements, by);
      this.gapBooks.noteCommit(statements, by);
      if (statements.some(({ sql }) => sql.includes("INSERT INTO quality_days"))) {
        world.check(() => checkJudged(world, this, plant));
      }
    };
    this.bucket.onGet = (key, by) => {
      if (by.name.startsWith("asks") && key.startsWith(MONTH_FILES)) this.monthReads++;
    };
    this.#upstream.onServed = (page, to) => this.ledger.notePage(page, to);
    this.#upstream.onWeather = (site, time, value) => this.ledger.noteWeather(site, time, value);
    this.workflows = new SimulatedWorkflows(world, (process, params, step) => this.#runWorkflow(process, params, step));
  }

  /** @param told called when a process stops after a page, with the milliseconds */
  onStraggle(told: (ms: number, page: ServedPage) => void): void {
    this.#upstream.onStraggle = told;
  }

  /** @param told called for each transaction of a process, reads included */
  onTransaction(told: (statements: readonly SentStatement[], by: Process) => void): void {
    this.#told = told;
  }

  /** The upstream no longer answers a process. */
  cutOff(process: Process): void {
    this.#upstream.cutOff(process);
  }

  /** Deletes some of the row groups that D1 keeps, and damages others, because they are only a cache. */
  loseKept(): void {
    this.hasLostKept = true;
    const isHalf = "(key >> 32) % 2 = 0";
    const statements = [
      `DELETE FROM kept_groups WHERE ${isHalf}`,
      `UPDATE kept_groups SET body = zeroblob(length(body)) WHERE NOT (${isHalf})`,
    ];
    this.database.transaction(statements.map((sql) => ({ sql, values: [] })));
  }

  get keepsMonths(): boolean {
    return this.#keepsMonths;
  }

  /** Deploys the Workers with other settings. Running processes keep their old settings. */
  deploy({ hotDays = this.#hotDays, keepsMonths = this.#keepsMonths }): void {
    this.#hotDays = hotDays;
    this.#keepsMonths = keepsMonths;
    this.#etlSettings = null;
    this.#backfillSettings = null;
  }

  /** The `fetch` of this world. */
  fetch(url: URL, init: RequestInit): Promise<Response> {
    const process = this.#processes.get(Number(PROCESS_IN_URL.exec(url.href)?.[1]));
    if (process === undefined) throw new Error(`unexpected request to ${url.href}`);
    return this.#upstream.fetch(process, url, init.signal ?? null);
  }

  /** A cron of the etl Worker. */
  etlCron(name: string, cron: string): Process {
    return this.#job(name, (env) => runEtlCron(cron, this.#etl(env)), CRON_LIMIT_MS);
  }

  /** Builds a day of each site from its segments, as settling does when the API does not answer. */
  archive(name: string, day: number): Process {
    const build = async (env: Env) => {
      const settings = this.#etl(env);
      const { HOT_DAYS: hotDays } = this.#backfill(env);
      for (const { db, id, name: site } of await storedSites(settings)) {
        const of = { build: `archive_${crypto.randomUUID()}`, site: { id, name: site }, day };
        await settleFromSegments({ db, bucket: settings.TIMESERIES, hotDays, now: Date.now }, of);
      }
    };
    return this.#job(name, build, CRON_LIMIT_MS);
  }

  /** `POST /gaps/repair`: requests all open gaps. */
  repairGaps(name: string): Process {
    return this.#job(name, (env) => runGaps(this.#etl(env), "open"), CRON_LIMIT_MS);
  }

  /** `POST /rebuild`, page by page. @param seen receives the outcome of each day */
  rebuildManifest(name: string, seen: (day: RebuiltDay) => void = () => undefined): Process {
    return this.#job(name, async (env) => {
      const settings = this.#etl(env);
      const range = { from: null, to: null };
      for (let cursor: string | null = null, more = true; more;) {
        const run: RebuildResult = await runRebuild(settings, { site: undefined, range, dryRun: false, cursor });
        for (const day of run.days) seen(day);
        cursor = run.next_cursor;
        more = cursor !== null;
      }
    });
  }

  superviseCron(name: string): Process {
    return this.#job(name, (env) => runBackfillCron("*/5 * * * *", this.#backfill(env)), CRON_LIMIT_MS);
  }

  startBackfill(name: string, first: number, last: number, selection: DaySelection): Process {
    return this.#job(name, async (env) => {
      const settings = this.#backfill(env);
      const sites = [...(await readSyncStates(settings.DB, this.#plant.sites))];
      const named = sites.map(([site, { siteId: id }]) => ({ id, name: site }));
      await startBackfill(settings, { range: { first, last }, sites: named, selection });
    });
  }

  cancelBackfill(name: string): Process {
    return this.#job(name, (env) => cancelJob(this.#backfill(env).DB, Date.now()));
  }

  importDays(name: string, first: number, last: number): Process {
    return this.#job(name, async (env) => {
      const settings = this.#backfill(env);
      for (const [site, { siteId: id }] of await readSyncStates(settings.DB, this.#plant.sites)) {
        const params = { kind: "import", importId: `${name}-${id}`, site: { id, name: site }, first, last } as const;
        await startInstance(settings.BACKFILL, params);
      }
    });
  }

  /** `POST /delete`, page by page. @param done runs when everything is deleted */
  delete(name: string, what: Deletable, done: () => void): Process {
    return this.#job(name, (env) => deleteAll(this.#backfill(env), what, done));
  }

  replayDeadLetters(name: string): Process {
    return this.#job(name, async (env) => {
      const { DB: db } = this.#etl(env);
      const states = await readSyncStates(db, this.#plant.sites);
      await replayDeadLetters(db, [...states.values()], {}, Date.now());
    });
  }

  /** A process with the bindings of the query Worker. */
  reader(name: string, job: (db: D1Database, bucket: R2Bucket) => Promise<void>): Process {
    return this.#job(name, (env) =>
      job(binding<D1Database>().parse(env["DB"]), binding<R2Bucket>().parse(env["TIMESERIES"])),
    );
  }

  /**
   * Settings are equal in every process except for its bindings. Parsing them takes half a millisecond, so they are
   * parsed once.
   */
  #etl(env: Env): EtlSettings {
    this.#etlSettings ??= etlSettings(env);
    return { ...this.#etlSettings, ...bindingsOf(env) };
  }

  #backfill(env: Env): BackfillSettings {
    this.#backfillSettings ??= backfillSettings(env);
    return { ...this.#backfillSettings, ...bindingsOf(env) };
  }

  #job(name: string, job: (env: Env) => Promise<unknown>, limitMs?: number): Process {
    const spawned = this.#world.spawn(name, async (process) => job(this.#envOf(process)));
    if (limitMs !== undefined) this.#world.after(limitMs, () => this.#world.kill(spawned));
    return spawned;
  }

  #runWorkflow(process: Process, params: unknown, step: unknown): Promise<unknown> {
    const workflow = new BackfillWorkflow(binding<ExecutionContext>().parse({}), this.#envOf(process));
    const { now: at } = this.#world;
    const event = { payload: params, timestamp: new Date(at), instanceId: process.name, workflowName: "backfill" };
    return workflow.run(binding<WorkflowEvent<unknown>>().parse(event), binding<WorkflowStep>().parse(step));
  }

  #envOf(process: Process): Env {
    const number = ++this.#numbers;
    this.#processes.set(number, process);
    this.ledger.begin(process);
    const world = this.#world;
    const months = this.#keepsMonths ? {} : { month_files: false };
    return {
      DB: this.database.boundTo(world, process),
      TIMESERIES: this.bucket.boundTo(world, process),
      // A read throws, because nothing may decide by KV: its answers may be a minute old.
      ETL_STATE: {
        put: (key: string) => world.io(process, "kv", `put ${key.split(":", 2).join(":")}`, () => undefined),
        delete: (key: string) => world.io(process, "kv", `delete ${key.split(":", 2).join(":")}`, () => undefined),
      },
      BACKFILL: this.workflows.boundTo(process),
      ACE_API_BASE_URL: `https://ace.test/${number}/api`,
      ACE_API_KEY: "the-key",
      ADMIN_TOKEN: "the-token-of-the-simulation",
      SITES: JSON.stringify(this.#plant.sites.map((name) => ({ name, timezone: "America/Chicago", ...months }))),
      HOT_DAYS: String(this.#hotDays),
      PAGE_SIZE: String(this.#pageSize),
      LOOKBACK_MINUTES: String(this.lookbackMs / MINUTE),
      INITIAL_LOOKBACK_HOURS: String(this.#initialHours),
      GAP_REPAIR_REQUESTS: String(this.#gapRequests),
      GAP_CONFIRM_HOURS: String(this.confirmMs / HOUR),
      REQUESTS_PER_MINUTE: "600",
    };
  }
}

function bindingsOf({ DB, TIMESERIES, ETL_STATE, BACKFILL, ACE_API_BASE_URL }: Readonly<Record<string, unknown>>) {
  return {
    DB: binding<D1Database>().parse(DB),
    TIMESERIES: binding<R2Bucket>().parse(TIMESERIES),
    ETL_STATE: binding<KVNamespace>().parse(ETL_STATE),
    BACKFILL: binding<BackfillSettings["BACKFILL"]>().parse(BACKFILL),
    ACE_API_BASE_URL: String(ACE_API_BASE_URL),
  };
}
