import type { BackfillSite } from "@building-vitals/core/backfill/backfill-site";
import type { DayRange } from "@building-vitals/core/backfill/date-range";
import { type DayRun, readDayRuns } from "@building-vitals/core/backfill/day-runs";
import type { Job } from "@building-vitals/core/backfill/job-store";
import { beginQueued } from "@building-vitals/core/backfill/begin-queued";
import { supervise } from "@building-vitals/core/backfill/supervise";
import { log, logError } from "@building-vitals/core/telemetry/log";
import { instancesOf } from "./engine-instances.ts";
import type { Settings } from "./env.ts";
import { sitesOf } from "./sites.ts";

/**
 * Begins the next backfill of the queue unless one runs, and starts its instances. Safe to repeat: after a crash here
 * the supervisor continues.
 */
export async function beginNext(settings: Settings): Promise<Job | null> {
  const { DB, BACKFILL } = settings;
  const findDays = (sites: readonly BackfillSite[], range: DayRange) => findQueuedDays(settings, sites, range);
  const job = await beginQueued(DB, findDays, Date.now);
  if (job === null) return null;
  log("backfill_begun", { backfillId: job.backfillId });
  await supervise(DB, instancesOf(BACKFILL), Date.now);
  return job;
}

/** {@link beginNext} for routes whose answer does not depend on it. Logs an error; the supervisor tries again. */
export async function tryToBeginNext(settings: Settings): Promise<void> {
  try {
    await beginNext(settings);
  } catch (error) {
    logError("next_not_begun", error);
  }
}

/**
 * The sites and days of a queued backfill. A site without a setting, or whose database does not answer, counts as a
 * site of the main database without finished days. Its days are tried and fail with that reason, and the queue
 * continues.
 */
async function findQueuedDays(settings: Settings, sites: readonly BackfillSite[], range: DayRange) {
  const siteIds: number[] = [];
  const elsewhere: DayRun[] = [];
  for (const { id, name } of sites) {
    try {
      const placed = await sitesOf(settings, [name], "sites");
      const runs = await readDayRuns(placed, range);
      if (runs.length === 0) siteIds.push(id);
      else elsewhere.push(...runs);
    } catch (error) {
      logError("site_lost", error, { site: name });
      siteIds.push(id);
    }
  }
  return { siteIds, elsewhere };
}
