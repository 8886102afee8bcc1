import { type AceClient, createAceClient } from "@building-vitals/core/ace/client";
import { countedClient } from "@building-vitals/core/ace/counted-client";
import type { Tally } from "@building-vitals/core/domain/counts";
import { DAY_MS } from "@building-vitals/core/domain/day";
import { aceConnection } from "@building-vitals/core/http/ace-settings";
import { byDatabase } from "@building-vitals/core/d1/site-databases";
import { HOUR_MS } from "@building-vitals/core/domain/hour";
import type { SyncResult } from "@building-vitals/core/sync/sync-result";
import { syncSites } from "@building-vitals/core/sync/sync-sites";
import type { Settings } from "./env.ts";
import { sitesNamed } from "./sites.ts";

/** Interval of the sync cron, minutes. */
const CRON_MINUTES = 5;

/**
 * Creates a client. Each site and run needs its own, because it counts its calls. @param tally gets the counts for
 * `/metrics`
 */
export function aceClientOf(settings: Settings, tally: Tally): AceClient {
  const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
  const hooks = { fetch: (url: string, init: RequestInit) => fetch(url, init), sleep };
  return countedClient(tally, hooks, (counting) => createAceClient({ ...aceConnection(settings), ...counting }));
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
  const initialLookbackMs = settings.INITIAL_LOOKBACK_HOURS * HOUR_MS;
  const windows = {
    lookbackMs: settings.LOOKBACK_MINUTES * 60_000,
    initialLookbackMs,
    // A first sync starts further back. That is no lag.
    maxLagMs: Math.max(DAY_MS, initialLookbackMs),
  };
  const context = {
    kv: settings.ETL_STATE,
    newClient: (tally: Tally) => aceClientOf(settings, tally),
    siteCount: settings.SITES.length,
    settings: { pageSize: settings.PAGE_SIZE, ...windows },
    budgetMs: settings.SYNC_SECONDS * 1000,
    maxRequests: settings.REQUESTS_PER_MINUTE * CRON_MINUTES,
    now: Date.now,
  };
  return syncSites(context, databases);
}
