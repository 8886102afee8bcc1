import { eachDatabase } from "@building-vitals/core/d1/site-databases";
import { HOUR_MS } from "@building-vitals/core/domain/hour";
import { type HealedSite, healSite } from "@building-vitals/core/gaps/heal-site";
import { pruneGaps } from "@building-vitals/core/gaps/gap-store";
import { rotate } from "@building-vitals/core/sync/rotate";
import { log, logError } from "@building-vitals/core/telemetry/log";
import type { Settings } from "./env.ts";
import { storedSites } from "./sites.ts";
import { aceClientOf } from "./sync.ts";

/** An hourly cron may run for 15 minutes, and folds before. */
const GAPS_BUDGET_MS = 6 * 60_000;

/** What a run over the sites came to: the answer of `POST /gaps/repair`. */
export interface GapsRun {
  /** ISO-8601 UTC */
  readonly startTime: string;
  /** milliseconds */
  readonly duration: number;
  readonly sites: readonly (HealedSite | { readonly site: string; readonly error: string })[];
  /** gaps that had been over for long, and were forgotten */
  readonly pruned: number;
}

/**
 * Finds and repairs the gaps of every site, or of one; a site that fails does not stop the others.
 * @param ask whether the API is asked only for gaps whose time has come
 * @throws {Problem} `unknown_site`; the error of D1 where the sites cannot be read
 */
export async function runGaps(settings: Settings, ask: "due" | "open", siteName?: string): Promise<GapsRun> {
  const { TIMESERIES: bucket, PAGE_SIZE: pageSize } = settings;
  const started = Date.now();
  const context = {
    bucket,
    pageSize,
    ask,
    maxRequests: settings.GAP_REPAIR_REQUESTS,
    confirmMs: settings.GAP_CONFIRM_HOURS * 3_600_000,
    lookbackMs: settings.LOOKBACK_MINUTES * 60_000,
    now: Date.now,
    deadline: started + GAPS_BUDGET_MS,
    newBuild: () => `repair_${crypto.randomUUID()}`,
  };
  const sites: (HealedSite | { site: string; error: string })[] = [];
  const stored = rotate(await storedSites(settings, siteName), Math.floor(started / HOUR_MS));
  for (const [i, { db, id, name, state }] of stored.entries()) {
    if (Date.now() >= context.deadline) {
      log("gaps_left", { sites: stored.length - i });
      break;
    }
    try {
      sites.push(await healSite({ ...context, db, ace: aceClientOf(settings) }, { id, name }, state.watermark));
    } catch (error) {
      logError("gaps_failed", error, { site: name });
      sites.push({ site: name, error: "its gaps could not be looked after; the log has the reason" });
    }
  }
  let pruned = 0;
  for (const [, db] of eachDatabase(settings)) pruned += await pruneGaps(db, started);
  return { startTime: new Date(started).toISOString(), duration: Date.now() - started, sites, pruned };
}

/** What a log says of it. */
export function gapsLogged({ site, detected, repair, archived }: HealedSite): Record<string, string | number> {
  return {
    site,
    daysLooked: detected.reduce((sum, { days }) => sum + days, 0),
    daysRemaining: detected.at(-1)?.remaining ?? 0,
    rowsWritten: detected.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0),
    asked: repair?.asked ?? 0,
    incomplete: repair?.incomplete ?? 0,
    requests: repair?.requests ?? 0,
    samplesCame: repair?.inserted ?? 0,
    archived: archived.map(({ day, outcome }) => `${day} ${outcome}`).join("; "),
  };
}
