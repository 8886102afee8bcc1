import { HOUR_MS } from "@building-vitals/core/domain/hour";
import { type RepairedSite, repairSiteGaps } from "@building-vitals/core/gaps/repair-site-gaps";
import { pruneGaps } from "@building-vitals/core/gaps/write-gaps";
import type { Tally } from "@building-vitals/core/domain/counts";
import { rotate } from "@building-vitals/core/sync/rotate";
import { countJob } from "./count-job.ts";
import type { Settings } from "./env.ts";
import { runSiteJobs } from "./run-site-jobs.ts";
import { type StoredSite, storedSites } from "./sites.ts";

/** After this time, ms, no other site begins. An hourly cron may run for 15 minutes and has other jobs. */
const GAPS_BUDGET_MS = 6 * 60_000;

const REPAIR_FAILED = "the gaps could not be repaired; the log has the reason";

/** The result of a gap repair over the sites, and the answer of `POST /gaps/repair`. */
export interface GapsRun {
  /** ISO-8601 UTC */
  readonly startTime: string;
  /** ms */
  readonly duration: number;
  readonly sites: readonly (RepairedSite | { readonly site: string; readonly error: string })[];
  /** old, closed gaps that were deleted */
  readonly pruned: number;
}

/**
 * Finds and repairs the gaps of every site, or of one.
 * @throws {Problem} `unknown_site`; the error of D1 if the sites cannot be read
 */
export async function runGaps(settings: Settings, ask: "due" | "open", siteName?: string): Promise<GapsRun> {
  return repairGapsOfSites(settings, await storedSites(settings, siteName), ask);
}

/**
 * Finds and repairs the gaps of some sites. A failed site does not stop the others.
 * @param ask which gaps the API is asked about: the due gaps, or all open gaps. A paused site sends no request.
 * @param now epoch ms
 * @throws the error of D1 if old gaps cannot be deleted
 */
export async function repairGapsOfSites(
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
  const repair = async (site: StoredSite): Promise<RepairedSite> => {
    const { id, name, state, pause } = site;
    return countJob(settings, "gaps", site, async ({ db, ace, tally }) => {
      const siteContext = { ...context, db, ace, ask: pause === null ? ask : "none" } as const;
      const repaired = await repairSiteGaps(siteContext, { id, name }, state.watermark);
      countRepair(tally, repaired);
      return repaired;
    });
  };
  const rotated = rotate(sites, Math.floor(started / HOUR_MS));
  const outcomes = await runSiteJobs(rotated, [{ name: "gaps", run: repair }], context.deadline, now);
  const repaired = outcomes.map((outcome) =>
    "result" in outcome ? outcome.result : { site: outcome.site, error: REPAIR_FAILED },
  );
  let pruned = 0;
  for (const db of new Set(sites.map((site) => site.db))) pruned += await pruneGaps(db, started);
  return { startTime: new Date(started).toISOString(), duration: now() - started, sites: repaired, pruned };
}

function countRepair(tally: Tally, { repair }: RepairedSite): void {
  if (repair === null) return;
  const { inserted, changed, unchanged, rejected, incomplete } = repair;
  tally.addAll("samples", { inserted: inserted + changed, unchanged });
  tally.addAll("rejected", rejected);
  tally.add("failures:timeseries", incomplete);
}

/** The log fields of a site's repair. */
export function gapsLogged({ site, detected, repair }: RepairedSite): Record<string, string | number> {
  return {
    site,
    daysScanned: detected.reduce((sum, { days }) => sum + days, 0),
    daysRemaining: detected.at(-1)?.remaining ?? 0,
    rowsWritten: detected.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0),
    asked: repair?.asked ?? 0,
    incomplete: repair?.incomplete ?? 0,
    requests: repair?.requests ?? 0,
    samplesCame: repair?.inserted ?? 0,
  };
}
