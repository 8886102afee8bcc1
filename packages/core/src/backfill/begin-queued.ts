import type { BackfillSite } from "./backfill-site.ts";
import type { DayRange } from "./date-range.ts";
import type { Job } from "./job-store.ts";
import { MAX_QUEUED, readNext } from "./queue.ts";
import { type NewJob, startJob } from "./start-job.ts";

/** Reads the state of the sites' days, from whichever database holds them. */
export type FindDays = (
  sites: readonly BackfillSite[],
  range: DayRange,
) => Promise<Pick<NewJob, "siteIds" | "elsewhere">>;

/**
 * Begins the next queued start unless a job runs. A start without days to fetch completes at once, and the next one
 * begins. Safe to repeat, and to run beside itself, starts and cancels.
 * @returns the job that runs then; null: this call began none
 */
export async function beginQueued(db: D1Database, findDays: FindDays, now: () => number): Promise<Job | null> {
  // Another call may take the next start first, so one pass may begin nothing.
  for (let tries = 0; tries <= MAX_QUEUED; tries++) {
    const next = await readNext(db);
    if (next === null) return null;
    const { backfillId, range, sites, forceRestart, coveredSince } = next;
    const known = await findDays(sites, range);
    const selection = forceRestart ? "all" : "unfinished";
    const job = await startJob(db, { backfillId, range, ...known, selection, coveredSince }, now());
    if (job?.status === "in_progress") return job;
  }
  return null;
}
