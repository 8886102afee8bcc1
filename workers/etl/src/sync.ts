import { type AceClient, createAceClient } from "@building-vitals/core/ace/client";
import { Problem } from "@building-vitals/core/domain/problem";
import type { SyncResult } from "@building-vitals/core/sync/sync-result";
import { syncSites } from "@building-vitals/core/sync/sync-sites";
import type { Settings } from "./env.ts";

/**
 * The longest that a sync waits for one answer, in milliseconds. A page of 100,000 rows can take 10 s; two tries that fail,
 * after which pages get smaller, fit into a run's 25 s.
 */
const CALL_TIMEOUT_MS = 11_000;

/** A client of its own for each run, for it counts its calls. */
export function aceClientOf(settings: Settings, timeoutMs?: number): AceClient {
  const { ACE_API_BASE_URL: baseUrl, ACE_API_KEY: apiKey } = settings;
  return createAceClient({ baseUrl, apiKey, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
}

/**
 * Syncs every site, or one of them.
 * @throws {Problem} `unknown_site`
 */
export async function runSync(settings: Settings, siteName?: string): Promise<SyncResult> {
  const sites = settings.SITES.filter((site) => siteName === undefined || site.name === siteName);
  if (sites.length === 0) {
    throw new Problem("unknown_site", `The SITES setting has no site ${JSON.stringify(siteName)}.`, "site");
  }
  const { DB: db, ETL_STATE: kv, PAGE_SIZE: pageSize } = settings;
  const windows = {
    lookbackMs: settings.LOOKBACK_MINUTES * 60_000,
    initialLookbackMs: settings.INITIAL_LOOKBACK_HOURS * 3_600_000,
  };
  const siteCount = settings.SITES.length;
  const ace = aceClientOf(settings, CALL_TIMEOUT_MS);
  return syncSites({ db, kv, ace, siteCount, settings: { pageSize, ...windows }, now: Date.now }, sites);
}
