import { z } from "zod";
import { markFailed } from "../cold/manifest.ts";
import type { RejectionCounts } from "../domain/rejection.ts";
import { withD1Retry } from "../d1/retry.ts";
import type { JobTicket } from "./job-store.ts";

export const OUTCOMES = ["pending", "skipped", "written", "empty-confirmed", "suspect", "failed"] as const;

/** What became of a day that a job dealt with. */
export interface DayOutcome {
  readonly outcome: Exclude<(typeof OUTCOMES)[number], "pending" | "skipped">;
  /** samples of the day's file */
  readonly records: number;
  readonly apiCalls: number;
  readonly retries: number;
  /** records that the upstream served and that are not stored */
  readonly rejected: RejectionCounts;
  /** the day file's object in R2; null: none */
  readonly key: string | null;
  /** why it failed or is suspect; null: neither */
  readonly reason: string | null;
}

const dayRowsSchema = z.array(z.object({ day: z.int() }));

/** The first days of a site that the job has not dealt with, ascending. */
export async function pendingDays(db: D1Database, ticket: JobTicket, siteId: number, limit: number): Promise<number[]> {
  const statement = db
    .prepare(
      `SELECT day FROM backfill_days WHERE backfill_id = ?1 AND site_id = ?2 AND outcome = 'pending'
       ORDER BY day LIMIT ?3`,
    )
    .bind(ticket.backfillId, siteId, limit);
  const { results } = await withD1Retry(() => statement.all());
  return dayRowsSchema.parse(results).map((row) => row.day);
}

/**
 * Writes down what became of a day, after what the site's own database has of it: a day is published, or marked as
 * failed, before the job says so, and whatever stops in between is made again. Also for a job that was stopped meanwhile,
 * for what was published stays published. A failure is noted in the manifest too, and takes nothing back.
 * @param manifest where the site's day files are known, and as which site; absent: here; null: a failure was marked there
 *   before, or its database does not answer
 */
export async function recordOutcome(
  db: D1Database,
  backfillId: string,
  siteId: number,
  day: number,
  outcome: DayOutcome,
  now: number,
  manifest: { readonly db: D1Database; readonly siteId: number } | null = { db, siteId },
): Promise<void> {
  const { records, apiCalls, retries, reason } = outcome;
  const rejected = JSON.stringify(outcome.rejected);
  if (outcome.outcome === "failed" && manifest !== null) {
    await markFailed(manifest.db, manifest.siteId, day, reason ?? "unknown", now);
  }
  const statements = [
    db
      .prepare(
        `UPDATE backfill_days SET outcome = ?4, records = ?5, api_calls = ?6, retries = ?7, rejected = ?8, reason = ?9,
           finished_at = ?10
         WHERE backfill_id = ?1 AND site_id = ?2 AND day = ?3 AND (?4 <> 'failed' OR outcome IN ('pending', 'failed'))`,
      )
      .bind(backfillId, siteId, day, outcome.outcome, records, apiCalls, retries, rejected, reason, now),
    db.prepare("UPDATE backfill_jobs SET updated_at = ?2 WHERE backfill_id = ?1").bind(backfillId, now),
  ];
  await withD1Retry(() => db.batch(statements));
}
