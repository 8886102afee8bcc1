import type { FaultPlanInput } from "@building-vitals/ace-simulator/faults/fault-plan";
import type { ScrapeSource } from "@building-vitals/ace-simulator/scrape-source";
import { createSimulator } from "@building-vitals/ace-simulator/simulator";
import { type AceClient, createAceClient } from "../src/ace/client.ts";
import type { PageSize } from "../src/ace/page-size.ts";
import { DeadLetterBuffer } from "../src/sync/dead-letter-buffer.ts";
import type { SyncContext, SyncSettings } from "../src/sync/sync-context.ts";
import { syncSite } from "../src/sync/sync-site.ts";
import type { SiteSyncResult } from "../src/sync/sync-result.ts";
import { readSyncStates, type SyncState } from "../src/sync/sync-state.ts";
import { SYNC_BUDGET_MS, type SyncRunContext } from "../src/sync/sync-run.ts";
import { SiteClock } from "./site-clock.ts";

const API_KEY = "test-key";
export const MINUTE_MS = 60_000;

/** A test's layer between the client and the simulator. */
type Upstream = (request: Request) => Promise<Response>;

interface WorldOptions {
  readonly db: D1Database;
  readonly source: ScrapeSource;
  /** epoch ms */
  readonly now: number;
  readonly pageSize?: PageSize;
  readonly lookbackMs?: number;
  readonly initialLookbackMs?: number;
  /** default: no limit, so that a sync fills any number of days */
  readonly maxLagMs?: number;
  readonly faults?: FaultPlanInput;
  /** longest real time of one call, ms; for tests with a call that hangs */
  readonly timeoutMs?: number;
}

/** A site, its simulated upstream, a clock, and syncs from the upstream into the database. */
export class SyncWorld {
  readonly clock: SiteClock;
  readonly settings: SyncSettings;
  readonly site: string;
  /** the requested addresses, without their query */
  readonly asked: string[] = [];
  /** samples that the syncs did not store */
  readonly letters = new DeadLetterBuffer();
  db: D1Database;
  /** replaceable, to change the upstream */
  upstream: Upstream;
  readonly #timeoutMs: number;

  constructor(options: WorldOptions) {
    this.clock = new SiteClock(options.now);
    this.db = options.db;
    this.site = options.source.site.name;
    this.settings = {
      pageSize: options.pageSize ?? 100_000,
      lookbackMs: options.lookbackMs ?? 10 * MINUTE_MS,
      initialLookbackMs: options.initialLookbackMs ?? 60 * MINUTE_MS,
      maxLagMs: options.maxLagMs ?? Number.POSITIVE_INFINITY,
    };
    this.upstream = this.simulate([options.source], options.faults);
    this.#timeoutMs = options.timeoutMs ?? 30_000;
  }

  simulate(sources: readonly ScrapeSource[], faults: FaultPlanInput = {}): Upstream {
    const { now, sleep } = this.clock;
    const simulator = createSimulator({ sources, apiKey: API_KEY, now, faults, sleep });
    return (request) => simulator.fetch(request);
  }

  /** @param upstream answers the requests; default: this world's current upstream */
  client(upstream: Upstream = (request) => this.upstream(request)): AceClient {
    return createAceClient({
      baseUrl: "http://ace.test/api",
      apiKey: API_KEY,
      timeoutMs: this.#timeoutMs,
      fetch: (url, init) => {
        const request = new Request(url, init);
        this.asked.push(new URL(url).pathname.replace("/api", ""));
        return upstream(request);
      },
      sleep: this.clock.sleep,
      random: () => 0.5,
      now: this.clock.now,
    });
  }

  async state(): Promise<SyncState> {
    const state = (await readSyncStates(this.db, [this.site])).get(this.site);
    if (state === undefined) throw new Error("the site was not made");
    return state;
  }

  context(budgetMs = SYNC_BUDGET_MS): SyncContext {
    const { db, settings, clock } = this;
    return {
      db,
      ace: this.client(),
      settings,
      now: clock.now,
      deadline: clock.now() + budgetMs,
      hasStatements: () => true,
      deadLetters: this.letters,
    };
  }

  /** The context of a run over `siteCount` sites. */
  runContext(kv: KVNamespace, siteCount = 1): SyncRunContext {
    const { settings, clock } = this;
    const newClient = () => this.client();
    return { kv, newClient, siteCount, settings, budgetMs: SYNC_BUDGET_MS, maxRequests: 250, now: clock.now };
  }

  /** One run as the cron would start it. */
  async sync(budgetMs?: number): Promise<SiteSyncResult> {
    return syncSite(this.context(budgetMs), this.site, await this.state());
  }

  /** Moves the clock and syncs until the present is reached. @throws after 200 runs */
  async catchUp(budgetMs?: number): Promise<SiteSyncResult[]> {
    const results: SiteSyncResult[] = [];
    while (results.length < 200) {
      const result = await this.sync(budgetMs);
      results.push(result);
      if (result.complete) return results;
      await this.clock.sleep(MINUTE_MS);
    }
    throw new Error(`not complete after ${results.length} runs: ${JSON.stringify(results.at(-1))}`);
  }
}
