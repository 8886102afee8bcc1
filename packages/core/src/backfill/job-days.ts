import { z } from "zod";
import { markFailed } from "../cold/write-manifest.ts";
import type { RejectionCounts } from "../domain/rejection.ts";
import { withD1Retry } from "../d1/retry.ts";
import type { DayRange } from "./date-range.ts";
import type { JobTicket } from "./job-store.ts";

export const OUTCOMES = ["pending", "skipped", "written", "empty-confirmed", "suspect", "failed"] as const;

export type Outcome = (typeof OUTCOMES)[number];

/** What became of a day that a job dealt with. */
export interface DayOutcome {
  readonly outcome: Exclude<Outcome, "pending" | "skipped">;
  /** samples of the day's file */
  readonly records: number;
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

const outcomesSchema = z.array(z.object({ site_id: z.int(), day: z.int(), outcome: z.enum(OUTCOMES) }));

/** What a job has made of its days in a range: by site, by day. */
export async function readOutcomes(
  db: D1Database,
  backfillId: string,
  { first, last }: DayRange,
): Promise<Map<number, Map<number, Outcome>>> {
  const statement = db
    .prepare("SELECT site_id, day, outcome FROM backfill_days WHERE backfill_id = ?1 AND day BETWEEN ?2 AND ?3")
    .bind(backfillId, first, last);
  const { results } = await withD1Retry(() => statement.all());
  const bySite = Map.groupBy(outcomesSchema.parse(results), (row) => row.site_id);
  return new Map([...bySite].map(([site, rows]) => [site, new Map(rows.map((row) => [row.day, row.outcome]))]));
}

/** A day of a job, as the jobs know its site. */
export interface JobDay {
  readonly backfillId: string;
  readonly siteId: number;
  /** days since 1970 */
  readonly day: number;
}

/** ?1 backfill id, ?2 site id, ?3 day, ?4 requests, ?5 retries. */
const COUNT = `
UPDATE backfill_days SET api_calls = api_calls + ?4, retries = retries + ?5
WHERE backfill_id = ?1 AND site_id = ?2 AND day = ?3`;

/** Counts a request of a day as it is made; one whose answer by D1 was lost counts twice. */
export function countRequest(db: D1Database, { backfillId, siteId, day }: JobDay, isRetry: boolean) {
  return db.prepare(COUNT).bind(backfillId, siteId, day, 1, isRetry ? 1 : 0);
}

/** Counts a step of a day that the engine makes again. */
export async function countRetriedStep(db: D1Database, { backfillId, siteId, day }: JobDay): Promise<void> {
  const statement = db.prepare(COUNT).bind(backfillId, siteId, day, 0, 1);
  await withD1Retry(() => statement.run());
}

/** Notes how far the build of a day has come. @param hours fetched @param samples in them */
export async function noteHours(
  db: D1Database,
  { backfillId, siteId, day }: JobDay,
  hours: number,
  samples: number,
): Promise<void> {
  const statement = db
    .prepare("UPDATE backfill_days SET hours = ?4, samples = ?5 WHERE backfill_id = ?1 AND site_id = ?2 AND day = ?3")
    .bind(backfillId, siteId, day, hours, samples);
  await withD1Retry(() => statement.run());
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
  const { records, reason } = outcome;
  const rejected = JSON.stringify(outcome.rejected);
  if (outcome.outcome === "failed" && manifest !== null) {
    await markFailed(manifest.db, manifest.siteId, day, reason ?? "unknown", now);
  }
  const statements = [
    db
      .prepare(
        `UPDATE backfill_days SET outcome = ?4, records = ?5, rejected = ?6, reason = ?7, finished_at = ?8
         WHERE backfill_id = ?1 AND site_id = ?2 AND day = ?3 AND (?4 <> 'failed' OR outcome IN ('pending', 'failed'))`,
      )
      .bind(backfillId, siteId, day, outcome.outcome, records, rejected, reason, now),
    db.prepare("UPDATE backfill_jobs SET updated_at = ?2 WHERE backfill_id = ?1").bind(backfillId, now),
  ];
  await withD1Retry(() => db.batch(statements));
}
