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

/** What is needed of D1 as Miniflare hands it out. */
interface Database {
  prepare(sql: string): { all(): Promise<{ results: unknown[] }> };
}

export interface SiteOptions {
  /** all collected, a sample a minute */
  readonly points: number;
  /** hours that the first sync reaches back */
  readonly lookbackHours: number;
  /** epoch ms */
  readonly start: number;
  /** whether CPU is measured; on Linux alone it can be */
  readonly cpu: boolean;
}

/** The three Workers, metered, at a simulated site, both on a clock that is set. */
export class MeteredSite {
  readonly options: SiteOptions;
  /** size of the database after the last statement that was counted, bytes */
  d1Bytes = 0;
  #ahead: number;
  #apiCalls = 0;
  #url = new URL("http://unset.test");
  #database: Database | null = null;
  readonly #closing: (() => Promise<void>)[] = [];

  private constructor(options: SiteOptions) {
    this.options = options;
    this.#ahead = options.start - Date.now();
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
    const simulator = createSimulator({ sources: [source], apiKey: API_KEY, now: () => Date.now() + this.#ahead });
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
      // the day that is settled is kept in D1, and those that are asked for as cold samples are not
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

  /** @param now epoch ms; the clock moves on from there */
  async setClock(now: number): Promise<void> {
    this.#ahead = now - Date.now();
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

  /** Asks a Worker: `/etl/status`. @throws {Error} for any other answer than a 200 */
  async ask(path: string, init: RequestInit = {}): Promise<unknown> {
    const response = await fetch(new URL(path, this.#url), init);
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    return text === "" ? null : JSON.parse(text);
  }

  /**
   * What some work takes of everything that is counted; each time, where it is done more than once. CPU is that of all of
   * workerd, with its D1, R2, KV and Workflows.
   * @param requests that Cloudflare would bill for it
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
    // Workers Logs has an event for the invocation itself beside those of its console
    return { ...once, requests, logEvents: once.logEvents + requests };
  }

  /** Rows of the database; what that takes is not counted. */
  async rows(sql: string): Promise<unknown[]> {
    if (this.#database === null) throw new Error("the site is not started");
    return (await this.#database.prepare(sql).all()).results;
  }

  cron(worker: "etl" | "backfill", cron: string): Promise<unknown> {
    return this.ask(`/${worker}/?cron=${encodeURIComponent(cron)}`);
  }

  async close(): Promise<void> {
    for (const close of this.#closing.splice(0).toReversed()) await close();
  }
}
