import { z } from "zod";
import { withD1Retry } from "../d1/retry.ts";
import type { DayRange } from "./date-range.ts";

export const JOB_STATUSES = ["in_progress", "completed", "cancelled", "failed"] as const;

// The SQL of `backfill_jobs`.

/** A row of `backfill_jobs`. */
export interface Job {
  readonly backfillId: string;
  readonly status: (typeof JOB_STATUSES)[number];
  readonly range: DayRange;
  readonly epoch: number;
  /** epoch ms */
  readonly startedAt: number;
  readonly updatedAt: number;
  /** why it failed; null: it did not fail */
  readonly reason: string | null;
  /** whether it rebuilds days whose object is not the published one; otherwise they stay suspect */
  readonly replaceSuspect: boolean;
}

/** Identifies a job as it began. Stopping a job raises its epoch, which invalidates the ticket. */
export interface JobTicket {
  readonly backfillId: string;
  readonly epoch: number;
}

const jobRowSchema = z.object({
  backfill_id: z.string(),
  status: z.enum(JOB_STATUSES),
  start_day: z.int(),
  end_day: z.int(),
  epoch: z.int(),
  started_at: z.int(),
  updated_at: z.int(),
  reason: z.string().nullable(),
  replace_suspect: z.int(),
});

export function jobOf(row: unknown): Job | null {
  if (row === null || row === undefined) return null;
  const { backfill_id: backfillId, status, start_day: first, end_day: last, ...rest } = jobRowSchema.parse(row);
  const { epoch, started_at: startedAt, updated_at: updatedAt, reason } = rest;
  const replaceSuspect = rest.replace_suspect === 1;
  return { backfillId, status, range: { first, last }, epoch, startedAt, updatedAt, reason, replaceSuspect };
}

/** Cancels the running job in favour of another one, unless an earlier try began that one. ?1 its id, ?2 now. */
const SUPERSEDE = `
UPDATE backfill_jobs SET status = 'cancelled', epoch = epoch + 1, updated_at = ?2, reason = 'replaced by ' || ?1
WHERE status = 'in_progress' AND NOT EXISTS (SELECT 1 FROM backfill_jobs WHERE backfill_id = ?1)`;

/** Must precede {@link insertJob} in its batch. @param now epoch ms */
export function supersedeJob(db: D1Database, by: string, now: number): D1PreparedStatement {
  return db.prepare(SUPERSEDE).bind(by, now);
}

/**
 * Inserts a job unless one runs. ?1 id, ?2 first day, ?3 last day, ?4 now, ?5 whether it replaces suspect objects, ?6
 * whether it must be queued.
 */
const INSERT_JOB = `
INSERT INTO backfill_jobs (backfill_id, status, start_day, end_day, started_at, updated_at, replace_suspect)
SELECT ?1, 'in_progress', ?2, ?3, ?4, ?4, ?5 WHERE NOT EXISTS (SELECT 1 FROM backfill_jobs WHERE status = 'in_progress')
  AND (NOT ?6 OR EXISTS (SELECT 1 FROM backfill_queue WHERE backfill_id = ?1))
ON CONFLICT (backfill_id) DO NOTHING`;

/**
 * Belongs to the batch that writes the job's days.
 * @param isReplacing whether it rebuilds suspect days
 * @param isQueued whether it must be in the queue
 * @param now epoch ms
 */
export function insertJob(
  db: D1Database,
  id: string,
  { first, last }: DayRange,
  { isReplacing, isQueued }: { readonly isReplacing: boolean; readonly isQueued: boolean },
  now: number,
): D1PreparedStatement {
  return db.prepare(INSERT_JOB).bind(id, first, last, now, isReplacing ? 1 : 0, isQueued ? 1 : 0);
}

/** Stores when a job was last active. @param now epoch ms */
export function touchJob(db: D1Database, id: string, now: number): D1PreparedStatement {
  return db.prepare("UPDATE backfill_jobs SET updated_at = ?2 WHERE backfill_id = ?1").bind(id, now);
}

/** Ends a job without pending days. It fails if every day failed, and completes otherwise. ?1 id, ?2 epoch, ?3 now. */
const FINISH_JOB = `
UPDATE backfill_jobs SET updated_at = ?3,
  status = CASE WHEN EXISTS (SELECT 1 FROM backfill_days WHERE backfill_id = ?1 AND outcome = 'failed')
    AND NOT EXISTS (SELECT 1 FROM backfill_days WHERE backfill_id = ?1 AND outcome <> 'failed')
    THEN 'failed' ELSE 'completed' END,
  reason = (SELECT 'every day failed; the first one: ' || reason FROM backfill_days d WHERE backfill_id = ?1
    AND outcome = 'failed' AND NOT EXISTS (SELECT 1 FROM backfill_days WHERE backfill_id = ?1 AND outcome <> 'failed')
    ORDER BY day LIMIT 1)
WHERE backfill_id = ?1 AND epoch = ?2 AND status = 'in_progress'
  AND NOT EXISTS (SELECT 1 FROM backfill_days WHERE backfill_id = ?1 AND outcome = 'pending')`;

/**
 * Cancels the running job. Its steps notice before they fetch or publish.
 * @param id the job to cancel; absent: the running one
 * @returns the cancelled job; null if it did not run
 */
export async function cancelJob(db: D1Database, now: number, id?: string): Promise<Job | null> {
  const running = await readRunningJob(db);
  if (running === null || (id !== undefined && running.backfillId !== id)) return null;
  // Cancels by id, so that a repeated call cannot cancel a job started in between.
  const results = await withD1Retry(() =>
    db.batch([
      db
        .prepare(
          `UPDATE backfill_jobs SET status = 'cancelled', epoch = epoch + 1, updated_at = ?2
           WHERE backfill_id = ?1 AND status = 'in_progress'`,
        )
        .bind(running.backfillId, now),
      db.prepare("SELECT * FROM backfill_jobs WHERE backfill_id = ?1").bind(running.backfillId),
    ]),
  );
  const job = jobOf(results[1]?.results[0]);
  return job?.status === "cancelled" ? job : null;
}

/** Fails a job that cannot continue. @param reason for people to read */
export async function failJob(db: D1Database, ticket: JobTicket, reason: string, now: number): Promise<void> {
  const statement = db
    .prepare(
      `UPDATE backfill_jobs SET status = 'failed', epoch = epoch + 1, reason = ?3, updated_at = ?4
       WHERE backfill_id = ?1 AND epoch = ?2 AND status = 'in_progress'`,
    )
    .bind(ticket.backfillId, ticket.epoch, reason, now);
  await withD1Retry(() => statement.run());
}

/** Ends a job without pending days; does nothing if days are pending. */
export function finishStatement(db: D1Database, { backfillId, epoch }: JobTicket, now: number): D1PreparedStatement {
  return db.prepare(FINISH_JOB).bind(backfillId, epoch, now);
}

/** Runs {@link finishStatement} by itself. */
export async function finishJob(db: D1Database, ticket: JobTicket, now: number): Promise<void> {
  await withD1Retry(() => finishStatement(db, ticket, now).run());
}

/** ?1 id; NULL: any. */
const READ_JOB = `
SELECT * FROM backfill_jobs WHERE backfill_id = coalesce(?1, backfill_id)
ORDER BY status = 'in_progress' DESC, started_at DESC, backfill_id DESC LIMIT 1`;

/** The job with this id. Without an id: the running job, else the last one started. */
export async function readJob(db: D1Database, id?: string): Promise<Job | null> {
  const statement = db.prepare(READ_JOB).bind(id ?? null);
  return jobOf(await withD1Retry(() => statement.first()));
}

/** null: no job runs. */
export async function readRunningJob(db: D1Database): Promise<Job | null> {
  const statement = db.prepare("SELECT * FROM backfill_jobs WHERE status = 'in_progress'");
  return jobOf(await withD1Retry(() => statement.first()));
}
