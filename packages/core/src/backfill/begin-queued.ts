import type { BackfillSite } from "./backfill-site.ts";
import type { DayRange } from "./date-range.ts";
import type { Job } from "./job-store.ts";
import { MAX_QUEUED, readNext } from "./queue.ts";
import { type NewJob, startJob } from "./start-job.ts";

/** Which days of the sites are known, and in which database. */
export type FindDays = (
  sites: readonly BackfillSite[],
  range: DayRange,
) => Promise<Pick<NewJob, "siteIds" | "elsewhere">>;

/**
 * Begins the next start of the queue unless a job runs; one that has nothing to do is completed, and the one after it
 * begins. Safe to repeat, and to run beside itself, starts and cancels.
 * @returns the job that runs then; null: this call began none
 */
export async function beginQueued(db: D1Database, findDays: FindDays, now: () => number): Promise<Job | null> {
  // Another call may take the next start first, so this may find nothing to begin several times.
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
