import { HOUR_MS } from "@building-vitals/core/domain/hour";
import { type RepairedSite, repairSiteGaps } from "@building-vitals/core/gaps/repair-site-gaps";
import { pruneGaps } from "@building-vitals/core/gaps/write-gaps";
import type { Tally } from "@building-vitals/core/domain/counts";
import { rotate } from "@building-vitals/core/sync/rotate";
import { log, logError } from "@building-vitals/core/telemetry/log";
import { countJob } from "./count-job.ts";
import type { Settings } from "./env.ts";
import { type StoredSite, storedSites } from "./sites.ts";

/** An hourly cron may run for 15 minutes, and folds before: no other site is begun after this. */
const GAPS_BUDGET_MS = 6 * 60_000;

/** What a run over the sites came to: the answer of `POST /gaps/repair`. */
export interface GapsRun {
  /** ISO-8601 UTC */
  readonly startTime: string;
  /** milliseconds */
  readonly duration: number;
  readonly sites: readonly (RepairedSite | { readonly site: string; readonly error: string })[];
  /** gaps that had been over for long, and were forgotten */
  readonly pruned: number;
}

/**
 * Finds and repairs the gaps of every site, or of one.
 * @throws {Problem} `unknown_site`; the error of D1 where the sites cannot be read
 */
export async function runGaps(settings: Settings, ask: "due" | "open", siteName?: string): Promise<GapsRun> {
  return gapsOf(settings, await storedSites(settings, siteName), ask);
}

/**
 * Finds and repairs the gaps of some sites; one that fails does not stop the others.
 * @param ask whether the API is asked only for gaps whose time has come; it is not asked for a paused site
 * @param now epoch ms
 * @throws the error of D1 where gaps that have been over for long cannot be forgotten
 */
export async function gapsOf(
  settings: Settings,
  sites: readonly StoredSite[],
  ask: "due" | "open",
  now: () => number = Date.now,
): Promise<GapsRun> {
  const { TIMESERIES: bucket, PAGE_SIZE: pageSize } = settings;
  const started = now();
  const context = {
    bucket,
    pageSize,
    maxRequests: settings.GAP_REPAIR_REQUESTS,
    confirmMs: settings.GAP_CONFIRM_HOURS * HOUR_MS,
    lookbackMs: settings.LOOKBACK_MINUTES * 60_000,
    now,
    deadline: started + GAPS_BUDGET_MS,
  };
  const healed: (RepairedSite | { site: string; error: string })[] = [];
  const inTurn = rotate(sites, Math.floor(started / HOUR_MS));
  for (const [i, site] of inTurn.entries()) {
    const { id, name, state, pause } = site;
    if (now() >= context.deadline) {
      log("gaps_left", { sites: inTurn.length - i });
      break;
    }
    try {
      const asked = pause === null ? ask : "none";
      const result = await countJob(settings, "gaps", site, async ({ db, ace, tally }) => {
        const found = await repairSiteGaps({ ...context, db, ace, ask: asked }, { id, name }, state.watermark);
        countRepair(tally, found);
        return found;
      });
      healed.push(result);
    } catch (error) {
      logError("gaps_failed", error, { site: name });
      healed.push({ site: name, error: "its gaps could not be looked after; the log has the reason" });
    }
  }
  let pruned = 0;
  for (const db of new Set(sites.map((site) => site.db))) pruned += await pruneGaps(db, started);
  return { startTime: new Date(started).toISOString(), duration: now() - started, sites: healed, pruned };
}

function countRepair(tally: Tally, { repair }: RepairedSite): void {
  if (repair === null) return;
  const { inserted, changed, unchanged, rejected, incomplete } = repair;
  tally.addAll("samples", { inserted: inserted + changed, unchanged });
  tally.addAll("rejected", rejected);
  tally.add("failures:timeseries", incomplete);
}

/** What a log says of it. */
export function gapsLogged({ site, detected, repair }: RepairedSite): Record<string, string | number> {
  return {
    site,
    daysLooked: detected.reduce((sum, { days }) => sum + days, 0),
    daysRemaining: detected.at(-1)?.remaining ?? 0,
    rowsWritten: detected.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0),
    asked: repair?.asked ?? 0,
    incomplete: repair?.incomplete ?? 0,
    requests: repair?.requests ?? 0,
    samplesCame: repair?.inserted ?? 0,
  };
}
