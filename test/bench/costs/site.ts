import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createBuilding } from "@building-vitals/ace-simulator/building";
import { startServer } from "@building-vitals/ace-simulator/server";
import { createSimulator } from "@building-vitals/ace-simulator/simulator";
import { type OperationCounts, countsOf, times } from "@building-vitals/local/costs/counts";
import { applyMigrations, readMigrations } from "@building-vitals/local/migrations";
import { z } from "zod";
import { startWorkerd } from "../workerd.ts";
import { cpuSeconds, workerdPid } from "../workerd-process.ts";

const WORKER = fileURLToPath(new URL("../worker/costs/index.ts", import.meta.url));
const API_KEY = "costs-key";
export const ADMIN_TOKEN = "the-admin-token-of-costs";
export const SITE = "ses_costs";

const takenSchema = z.object({ counts: z.record(z.string(), z.number()), d1Bytes: z.number() });

/** The part of Miniflare's D1 that is used here. */
interface Database {
  prepare(sql: string): { all(): Promise<{ results: unknown[] }> };
}

export interface SiteOptions {
  /** all configured, with a sample a minute */
  readonly points: number;
  /** hours that the first sync reaches back */
  readonly lookbackHours: number;
  /** epoch ms */
  readonly start: number;
  /** whether to measure CPU; on Linux only */
  readonly cpu: boolean;
}

/** The three Workers with metered bindings, and a simulated site. The clocks of both are set. */
export class MeteredSite {
  readonly options: SiteOptions;
  /** size of the database after the last metered statement, bytes */
  d1Bytes = 0;
  #now: number;
  #apiCalls = 0;
  #url = new URL("http://unset.test");
  #database: Database | null = null;
  readonly #closing: (() => Promise<void>)[] = [];

  private constructor(options: SiteOptions) {
    this.options = options;
    this.#now = options.start;
  }

  static async start(options: SiteOptions): Promise<MeteredSite> {
    const site = new MeteredSite(options);
    try {
      await site.#start();
    } catch (error) {
      await site.close();
      throw error;
    }
    return site;
  }

  async #start(): Promise<void> {
    const { points, lookbackHours, start } = this.options;
    const building = { seed: 7, site: SITE, timezone: "America/Chicago", points, unconfiguredPoints: 0 };
    const source = createBuilding({ ...building, collectInterval: 60 });
    const simulator = createSimulator({ sources: [source], apiKey: API_KEY, now: () => this.#now });
    const counting = {
      fetch: (request: Request) => {
        this.#apiCalls++;
        return simulator.fetch(request);
      },
    };
    const server = await startServer({ simulator: counting, port: 0 });
    this.#closing.push(() => server.close());
    const folder = await mkdtemp(join(tmpdir(), "building-vitals-costs-"));
    this.#closing.push(() => rm(folder, { recursive: true, force: true }));
    const bindings = {
      ACE_API_BASE_URL: `${server.url}/api`,
      ACE_API_KEY: API_KEY,
      ADMIN_TOKEN,
      SITES: JSON.stringify([{ name: SITE, timezone: "America/Chicago" }]),
      INITIAL_LOOKBACK_HOURS: String(lookbackHours),
      REQUESTS_PER_MINUTE: "60000",
      // D1 keeps the settled day, and not the days of the cold queries
      HOT_DAYS: "1",
    };
    const miniflare = await startWorkerd(
      { main: WORKER, databases: ["DB"], bindings, workflow: "MeteredBackfill" },
      folder,
    );
    this.#closing.push(() => miniflare.dispose());
    this.#url = await miniflare.ready;
    this.#database = await miniflare.getD1Database("DB");
    await applyMigrations(await miniflare.getD1Database("DB"), await readMigrations());
    await this.setClock(start);
  }

  /** Sets both clocks. They do not follow the real time, because counts must not depend on the machine's speed. @param now epoch ms */
  async setClock(now: number): Promise<void> {
    this.#now = now;
    await fetch(new URL(`/clock?now=${now}`, this.#url));
  }

  /** @param isWanted whether the site keeps month files */
  async keepMonthFiles(isWanted: boolean): Promise<void> {
    await fetch(new URL(`/month-files?kept=${isWanted}`, this.#url));
  }

  /** Waits until no Workflow instance runs. */
  async idle(): Promise<void> {
    while ((await this.ask("/running")) !== 0) await sleep(100);
  }

  /** Requests a path of a Worker, such as `/etl/status`. @throws {Error} if the status is not 2xx */
  async ask(path: string, init: RequestInit = {}): Promise<unknown> {
    const response = await fetch(new URL(path, this.#url), init);
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    return text === "" ? null : JSON.parse(text);
  }

  /**
   * Counts the operations of some work; of several runs, the mean. CPU is that of all of workerd, with D1, R2, KV and
   * Workflows.
   * @param requests the requests that Cloudflare bills for a run
   */
  async measure(requests: number, work: () => Promise<unknown>, runs = 1): Promise<OperationCounts> {
    await this.ask("/meter");
    const pid = this.options.cpu ? workerdPid() : null;
    const cpuBefore = pid === null ? 0 : cpuSeconds(pid);
    this.#apiCalls = 0;
    for (let run = 0; run < runs; run++) await work();
    const cpuMs = pid === null ? 0 : (cpuSeconds(pid) - cpuBefore) * 1000;
    const { counts, d1Bytes } = takenSchema.parse(await this.ask("/meter"));
    if (d1Bytes > 0) this.d1Bytes = d1Bytes;
    const counted: Record<string, number> = { ...counts, apiCalls: this.#apiCalls, cpuMs };
    const once = times(
      1 / runs,
      countsOf((name) => counted[name] ?? 0),
    );
    // Workers Logs has an event per invocation, and one per console line
    return { ...once, requests, logEvents: once.logEvents + requests };
  }

  /** Runs SQL that is not metered. */
  async rows(sql: string): Promise<unknown[]> {
    if (this.#database === null) throw new Error("MeteredSite: the database is used before start()");
    return (await this.#database.prepare(sql).all()).results;
  }

  cron(worker: "etl" | "backfill", cron: string): Promise<unknown> {
    return this.ask(`/${worker}/?cron=${encodeURIComponent(cron)}`);
  }

  async close(): Promise<void> {
    for (const close of this.#closing.splice(0).toReversed()) await close();
  }
}
