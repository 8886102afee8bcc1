import { z } from "zod";
import { markFailed } from "../manifest/write-manifest.ts";
import type { RejectionCounts } from "../domain/rejection.ts";
import { jsonChunks, MAX_ASCII_CHARS } from "../d1/json-chunks.ts";
import { withD1Retry } from "../d1/retry.ts";
import type { DayRange } from "./date-range.ts";
import type { DayRun } from "./day-runs.ts";
import { LAST_ATTEMPTS } from "./failed-days.ts";
import { type JobTicket, touchJob } from "./job-store.ts";

// The SQL of `backfill_days`.

export const OUTCOMES = ["pending", "skipped", "written", "confirmed-empty", "suspect", "failed"] as const;

export type Outcome = (typeof OUTCOMES)[number];

/** The outcome of a day that a job has processed. */
export interface DayOutcome {
  readonly outcome: Exclude<Outcome, "pending" | "skipped">;
  /** samples in the day's file */
  readonly records: number;
  /** records that the upstream served and that were not stored */
  readonly rejected: RejectionCounts;
  /** the day file's object in R2; null: no file */
  readonly key: string | null;
  /** why the day failed or is suspect; null: neither */
  readonly reason: string | null;
}

/** Which days of the range a job processes. */
export type DaySelection =
  /** unfinished days; days that the upstream proved complete are skipped */
  | "unfinished"
  /** all days, again */
  | "all"
  /** days that failed or whose file is suspect; other days are not part of the job */
  | "failed";

/** The state of each day. ?5 JSON array of the site ids whose manifest is here. */
const KNOWN_HERE = `
SELECT s.value AS site_id, d.day, f.state, f.source, f.rows FROM json_each(?5) s CROSS JOIN days d
LEFT JOIN day_files f ON f.site_id = s.value AND f.day = d.day`;

/**
 * ?5 JSON array of [site id, first day, last day, state, source, rows of each day]. D1 binds days as reals, hence the
 * cast.
 */
const KNOWN_ELSEWHERE = `
SELECT r.value ->> 0 AS site_id, d.day, r.value ->> 3 AS state, r.value ->> 4 AS source,
  json_extract(r.value, '$[5][' || CAST(d.day - (r.value ->> 1) AS INTEGER) || ']') AS rows
FROM json_each(?5) r CROSS JOIN days d WHERE d.day BETWEEN r.value ->> 1 AND r.value ->> 2`;

const UNFINISHED =
  "CASE WHEN k.state = 'confirmed-empty' OR (k.state = 'written' AND k.source = 'api') THEN 'skipped' ELSE 'pending' END";

/** ?6 start of the earliest job that counts, epoch ms; NULL: no job counts. */
const UNCOVERED = `
CASE WHEN EXISTS (SELECT 1 FROM backfill_jobs j CROSS JOIN backfill_days b ON b.backfill_id = j.backfill_id
    AND b.site_id = k.site_id AND b.day = k.day
  WHERE j.started_at >= ?6 AND j.backfill_id <> ?1 AND b.outcome IN ('written', 'confirmed-empty'))
THEN 'skipped' ELSE 'pending' END`;

const HAS_FAILED = `(k.state IN ('failed', 'suspect')
  OR EXISTS (SELECT 1 FROM attempts a WHERE a.site_id = k.site_id AND a.day = k.day AND a.outcome IN ('failed', 'suspect')))`;

/**
 * The days of a new job. ?1 id, ?2 first day, ?3 last day, ?4 now, ?5 the days' states, ?6 as in UNCOVERED, for `all`
 * only.
 */
const INSERT_DAYS: Record<DaySelection, string> = {
  all: insertDays(KNOWN_HERE, UNCOVERED, "true"),
  unfinished: insertDays(KNOWN_HERE, UNFINISHED, "true"),
  failed: insertDays(KNOWN_HERE, "'pending'", HAS_FAILED),
};
const INSERT_DAYS_ELSEWHERE: Record<DaySelection, string> = {
  all: insertDays(KNOWN_ELSEWHERE, UNCOVERED, "true"),
  unfinished: insertDays(KNOWN_ELSEWHERE, UNFINISHED, "true"),
  failed: insertDays(KNOWN_ELSEWHERE, "'pending'", HAS_FAILED),
};

/** A skipped day counts as completed, so the samples of its file count as processed. */
function insertDays(known: string, outcome: string, selected: string): string {
  return `
INSERT INTO backfill_days (backfill_id, site_id, day, outcome, records, finished_at)
WITH RECURSIVE days (day) AS (SELECT ?2 UNION ALL SELECT day + 1 FROM days WHERE day < ?3), known AS (${known}),
  attempts AS (${LAST_ATTEMPTS} AND day BETWEEN ?2 AND ?3 AND backfill_id <> ?1 GROUP BY site_id, day),
  chosen AS (SELECT k.site_id, k.day, k.rows, ${outcome} AS outcome FROM known k WHERE ${selected})
SELECT ?1, c.site_id, c.day, c.outcome, CASE c.outcome WHEN 'skipped' THEN coalesce(c.rows, 0) ELSE 0 END,
  CASE c.outcome WHEN 'skipped' THEN ?4 END
FROM chosen c
WHERE EXISTS (SELECT 1 FROM backfill_jobs j WHERE j.backfill_id = ?1 AND j.status = 'in_progress')
ON CONFLICT DO NOTHING`;
}

function runJson({ siteId, first, last, state, source, rows }: DayRun): string {
  return JSON.stringify([siteId, first, last, state, source, rows]);
}

/** The days of a new job. */
export interface NewDays {
  readonly range: DayRange;
  /** sites with their manifest in this database */
  readonly siteIds: readonly number[];
  /** days of the sites with their manifest in another database */
  readonly elsewhere: readonly DayRun[];
  readonly selection: DaySelection;
  /** for a queued start: skips days that a job started since then has finished, epoch ms; null: not queued */
  readonly coveredSince: number | null;
}

/** Must follow the statement that inserts the job: without a job no day is written. @param now epoch ms */
export function insertJobDays(
  db: D1Database,
  id: string,
  { range, siteIds, elsewhere, selection, coveredSince }: NewDays,
  now: number,
): D1PreparedStatement[] {
  const bounds = [id, range.first, range.last, now];
  const covered = selection === "all" ? [coveredSince] : [];
  return [
    db.prepare(INSERT_DAYS[selection]).bind(...bounds, JSON.stringify(siteIds), ...covered),
    ...[...jsonChunks(elsewhere, runJson, MAX_ASCII_CHARS)].map(({ json }) =>
      db.prepare(INSERT_DAYS_ELSEWHERE[selection]).bind(...bounds, json, ...covered),
    ),
  ];
}

const dayRowsSchema = z.array(z.object({ day: z.int() }));

/** The first pending days of a site, ascending. */
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

/** A job's outcomes of the days in a range: by site, by day. */
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

/** A day of a job, with the site's id in the main database. */
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

/** Counts a request of a day when it is made. If D1's answer is lost, the request counts twice. */
export function countRequest(db: D1Database, { backfillId, siteId, day }: JobDay, isRetry: boolean) {
  return db.prepare(COUNT).bind(backfillId, siteId, day, 1, isRetry ? 1 : 0);
}

/** Counts a repeated step of a day. */
export async function countRetriedStep(db: D1Database, { backfillId, siteId, day }: JobDay): Promise<void> {
  const statement = db.prepare(COUNT).bind(backfillId, siteId, day, 0, 1);
  await withD1Retry(() => statement.run());
}

/** Stores the progress of a day's build. @param hours fetched so far @param samples in these hours */
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
 * Records the outcome of a day. The site's own database comes first: a day is published or marked as failed before the
 * job says so. A run that stops in between repeats it. Also records for a stopped job, because published days stay
 * published. Marks a failure in the manifest, which changes nothing else there.
 * @param manifest the database and id of the site's day files. Absent: this database. Null: the failure is marked
 * already, or that database does not answer
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
    touchJob(db, backfillId, now),
  ];
  await withD1Retry(() => db.batch(statements));
}
