import { type AceClient, createAceClient } from "@building-vitals/core/ace/client";
import { countedClient } from "@building-vitals/core/ace/counted-client";
import type { Tally } from "@building-vitals/core/domain/counts";
import { byDatabase } from "@building-vitals/core/d1/site-databases";
import type { SyncResult } from "@building-vitals/core/sync/sync-result";
import { syncSites } from "@building-vitals/core/sync/sync-sites";
import type { Settings } from "./env.ts";
import { sitesNamed } from "./sites.ts";

/**
 * The longest that a sync waits for one answer, in milliseconds. A page of 100,000 rows can take 10 s; two tries that fail,
 * after which pages get smaller, fit into a run's 25 s.
 */
const CALL_TIMEOUT_MS = 11_000;

/** The cron that syncs comes every five minutes. */
const CRON_MINUTES = 5;

/** A client of its own for each site and run, for it counts its calls. @param tally takes what it does, for `/metrics` */
export function aceClientOf(settings: Settings, tally: Tally, timeoutMs?: number): AceClient {
  const { ACE_API_BASE_URL: baseUrl, ACE_API_KEY: apiKey } = settings;
  const config = { baseUrl, apiKey, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
  const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
  const hooks = { fetch: (url: string, init: RequestInit) => fetch(url, init), sleep };
  return countedClient(tally, hooks, (counting) => createAceClient({ ...config, ...counting }));
}

/**
 * Syncs every site, or one of them.
 * @throws {Problem} `unknown_site`
 */
export async function runSync(settings: Settings, siteName?: string): Promise<SyncResult> {
  const databases = byDatabase(settings, sitesNamed(settings, siteName)).map(({ db, sites }) => {
    const paused = sites.flatMap((site) => (site.paused === true ? [site.name] : []));
    return { db, sites: sites.map(({ name }) => name), paused };
  });
  const windows = {
    lookbackMs: settings.LOOKBACK_MINUTES * 60_000,
    initialLookbackMs: settings.INITIAL_LOOKBACK_HOURS * 3_600_000,
  };
  const context = {
    kv: settings.ETL_STATE,
    newClient: (tally: Tally) => aceClientOf(settings, tally, CALL_TIMEOUT_MS),
    siteCount: settings.SITES.length,
    settings: { pageSize: settings.PAGE_SIZE, ...windows },
    budgetMs: settings.SYNC_SECONDS * 1000,
    maxRequests: settings.REQUESTS_PER_MINUTE * CRON_MINUTES,
    now: Date.now,
  };
  return syncSites(context, databases);
}
