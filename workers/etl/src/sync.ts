import { type AceClient, createAceClient } from "@building-vitals/core/ace/client";
import { Problem } from "@building-vitals/core/domain/problem";
import type { SyncResult } from "@building-vitals/core/sync/sync-result";
import { syncSites } from "@building-vitals/core/sync/sync-sites";
import type { Settings } from "./env.ts";

/** A client of its own for each run, for it counts its calls. */
export function aceClientOf(settings: Settings): AceClient {
  return createAceClient({ baseUrl: settings.ACE_API_BASE_URL, apiKey: settings.ACE_API_KEY });
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
  return syncSites({ db, kv, ace: aceClientOf(settings), settings: { pageSize, ...windows }, now: Date.now }, sites);
}
