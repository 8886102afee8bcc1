import { withD1Retry } from "../d1/retry.ts";
import { insertJobDays, type NewDays } from "./job-days.ts";
import { finishStatement, insertJob, type Job, jobOf, supersedeJob } from "./job-store.ts";
import { dequeue } from "./queue.ts";

export interface NewJob extends Omit<NewDays, "elsewhere" | "coveredSince"> {
  readonly backfillId: string;
  readonly elsewhere?: NewDays["elsewhere"];
  /** whether to cancel the running job in favour of this one */
  readonly supersedes?: boolean;
  /** see {@link NewDays}; absent: not queued */
  readonly coveredSince?: number;
}

/**
 * Begins a job if none runs, or if it supersedes the running one. Of any number of concurrent calls, one gets its job.
 * Safe to repeat with the same id. A job without days to fetch completes at once.
 * @param now epoch ms
 * @returns null if another job runs, or a queued start has left the queue
 */
export async function startJob(db: D1Database, job: NewJob, now: number): Promise<Job | null> {
  const { backfillId: id, range, elsewhere = [], selection, supersedes = false, coveredSince = null } = job;
  const isQueued = coveredSince !== null;
  // Only an explicit restart or retry overwrites an object that somebody replaced.
  const isReplacing = selection !== "unfinished";
  const results = await withD1Retry(() =>
    db.batch([
      ...(supersedes ? [supersedeJob(db, id, now)] : []),
      insertJob(db, id, range, { isReplacing, isQueued }, now),
      ...insertJobDays(db, id, { ...job, elsewhere, coveredSince }, now),
      ...(isQueued ? [dequeue(db, id)] : []),
      finishStatement(db, { backfillId: id, epoch: 0 }, now),
      db.prepare("SELECT * FROM backfill_jobs WHERE backfill_id = ?1").bind(id),
    ]),
  );
  return jobOf(results.at(-1)?.results[0]);
}
