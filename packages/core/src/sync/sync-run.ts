import type { AceClient } from "../ace/client.ts";
import { countedDatabase } from "../d1/site-counters.ts";
import { type Counts, Tally } from "../domain/counts.ts";
import { DeadLetterBuffer } from "./dead-letter-buffer.ts";
import type { Candidate, SiteHistory } from "./schedule.ts";
import type { SiteSyncResult } from "./sync-result.ts";
import type { SyncSettings } from "./sync-context.ts";
import { syncSite } from "./sync-site.ts";
import type { SyncState } from "./sync-state.ts";

/** The longest that one site may take in a run, and the default budget of a run: clock time, in ms. */
export const SYNC_BUDGET_MS = 25_000;

/**
 * The budget of a run in its 30 s of CPU: records, at about 3 µs each, plus a fixed number for each site. A Worker cannot
 * measure CPU time.
 */
const MAX_RECORDS_PER_RUN = 4_000_000;
const RECORDS_PER_SITE = 10_000;

/**
 * No site and no page starts after this many D1 statements, of the 1,000 of an invocation. A page of a large site takes
 * 14, up to four sites run side by side, and the journal takes some for each site.
 */
const MAX_STATEMENTS_PER_RUN = 700;

/** What a run depends on. */
export interface SyncRunContext {
  readonly kv: KVNamespace;
  /** creates a client for one site; the tally counts its calls */
  readonly newClient: (tally: Tally) => AceClient;
  /** number of sites of the deployment; a run may cover some of them */
  readonly siteCount: number;
  readonly settings: SyncSettings;
  /** no site and no request starts later than this after the start, in ms */
  readonly budgetMs: number;
  /** no site starts after this many requests */
  readonly maxRequests: number;
  /** epoch ms */
  readonly now: () => number;
}

/** Sites, by name, that share a database. */
export interface SyncedDatabase {
  readonly db: D1Database;
  readonly sites: readonly string[];
  /** of these, the sites that the SITES setting pauses */
  readonly paused?: readonly string[];
}

/** A site of a run. */
export interface ScheduledSite extends Candidate, SiteHistory {
  readonly name: string;
  readonly database: SyncedDatabase;
  readonly state: SyncState;
  readonly pageSize: SyncSettings["pageSize"];
}

/** One run over the sites: its results and the budget it spent. */
export class SyncRun {
  /** what each started site's clients and database counted, by site name */
  readonly counted = new Map<string, Counts>();
  readonly #context: SyncRunContext;
  readonly #deadline: number;
  readonly #deadLetters: ReadonlyMap<SyncedDatabase, DeadLetterBuffer>;
  readonly #results: (SiteSyncResult | undefined)[] = [];
  readonly #spent = { calls: 0, latencyMs: 0, records: 0, statements: 0 };
  readonly #running = new Set<Tally>();

  /** @param deadline epoch ms */
  constructor(context: SyncRunContext, deadLetters: ReadonlyMap<SyncedDatabase, DeadLetterBuffer>, deadline: number) {
    this.#context = context;
    this.#deadLetters = deadLetters;
    this.#deadline = deadline;
  }

  /** Results in the order in which the sites started. */
  get results(): readonly SiteSyncResult[] {
    return this.#results.flatMap((result) => result ?? []);
  }

  /** Mean time of an API call, in ms; 0: no call. */
  get meanLatencyMs(): number {
    const { calls, latencyMs } = this.#spent;
    return calls === 0 ? 0 : latencyMs / calls;
  }

  isSpent(): boolean {
    const { now, maxRequests } = this.#context;
    const { calls, records } = this.#spent;
    return now() >= this.#deadline || calls >= maxRequests || records >= MAX_RECORDS_PER_RUN || !this.#hasStatements();
  }

  #hasStatements(): boolean {
    const running = [...this.#running].reduce((sum, tally) => sum + tally.get("d1_statements"), 0);
    return this.#spent.statements + running < MAX_STATEMENTS_PER_RUN;
  }

  /** Syncs one site and adds its result. Never throws. */
  async sync(site: ScheduledSite): Promise<void> {
    const { now, newClient } = this.#context;
    const place = this.#results.push(undefined) - 1;
    const tally = new Tally();
    this.#running.add(tally);
    const ace = newClient(tally);
    const result = await syncSite(
      {
        db: countedDatabase(site.database.db, tally),
        ace,
        settings: { ...this.#context.settings, pageSize: site.pageSize },
        now,
        deadline: Math.min(this.#deadline, now() + SYNC_BUDGET_MS),
        hasStatements: () => this.#hasStatements(),
        deadLetters: this.#deadLetters.get(site.database) ?? new DeadLetterBuffer(),
      },
      site.name,
      site.state,
    );
    this.#results[place] = result;
    this.#spent.statements += tally.get("d1_statements");
    this.#running.delete(tally);
    this.counted.set(site.name, tally.take());
    this.#spent.calls += ace.calls;
    this.#spent.latencyMs += ace.totalLatencyMs;
    this.#spent.records += result.recordsFetched + RECORDS_PER_SITE;
  }
}
