import { withD1Retry } from "../d1/retry.ts";
import { insertJobDays, type NewDays } from "./job-days.ts";
import { finishStatement, insertJob, type Job, jobOf, supersedeJob } from "./job-store.ts";
import { dequeue } from "./queue.ts";

export interface NewJob extends Omit<NewDays, "elsewhere" | "coveredSince"> {
  readonly backfillId: string;
  readonly elsewhere?: NewDays["elsewhere"];
  /** whether the running job is cancelled in its favour */
  readonly supersedes?: boolean;
  /** see {@link NewDays}; absent: it was not queued */
  readonly coveredSince?: number;
}

/**
 * Begins a job, if none runs or it supersedes the one that does: of any number of calls at once, one gets its job. Safe
 * to repeat with the same id. A job that has nothing to do is completed at once.
 * @param now epoch ms
 * @returns null when another job runs, or a queued start is no longer in the queue
 */
export async function startJob(db: D1Database, job: NewJob, now: number): Promise<Job | null> {
  const { backfillId: id, range, elsewhere = [], selection, supersedes = false, coveredSince = null } = job;
  const isQueued = coveredSince !== null;
  // A file that somebody replaced is not overruled in passing.
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
