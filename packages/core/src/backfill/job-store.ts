import { z } from "zod";
import { withD1Retry } from "../d1/retry.ts";
import { jsonChunks, MAX_ASCII_CHARS } from "../d1/json-chunks.ts";
import { type PlacedSite, storeOf } from "./backfill-site.ts";
import type { DayRange } from "./date-range.ts";
import type { DayRun } from "./day-runs.ts";

export const JOB_STATUSES = ["in_progress", "completed", "cancelled", "failed"] as const;

/** A backfill, as `backfill_jobs` holds it. */
export interface Job {
  readonly backfillId: string;
  readonly status: (typeof JOB_STATUSES)[number];
  readonly range: DayRange;
  readonly epoch: number;
  /** epoch ms */
  readonly startedAt: number;
  readonly updatedAt: number;
  /** why it failed; null: it did not */
  readonly reason: string | null;
  /** whether it builds anew over objects that are not what was written; else their days stay suspect */
  readonly replaceSuspect: boolean;
}

/** A job as it was begun: it is another one's business once it was stopped, which raises the epoch. */
export interface JobTicket {
  readonly backfillId: string;
  readonly epoch: number;
}

/** Which days of the range a job deals with. */
export type DaySelection =
  /** those that are not finished; the ones that the upstream proved to have served whole are skipped */
  | "unfinished"
  /** all, again */
  | "all"
  /** those that failed, or whose file is suspect; the others do not belong to the job */
  | "failed";

export interface NewJob {
  readonly backfillId: string;
  readonly range: DayRange;
  /** the sites whose manifest is in this database */
  readonly siteIds: readonly number[];
  /** the days of those whose manifest is in another one */
  readonly elsewhere?: readonly DayRun[];
  readonly selection: DaySelection;
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

function jobOf(row: unknown): Job | null {
  if (row === null || row === undefined) return null;
  const { backfill_id: backfillId, status, start_day: first, end_day: last, ...rest } = jobRowSchema.parse(row);
  const { epoch, started_at: startedAt, updated_at: updatedAt, reason } = rest;
  const replaceSuspect = rest.replace_suspect === 1;
  return { backfillId, status, range: { first, last }, epoch, startedAt, updatedAt, reason, replaceSuspect };
}

/** Begins a job unless one runs. ?1 id, ?2 first day, ?3 last day, ?4 now, ?5 whether it replaces suspect objects. */
const INSERT_JOB = `
INSERT INTO backfill_jobs (backfill_id, status, start_day, end_day, started_at, updated_at, replace_suspect)
SELECT ?1, 'in_progress', ?2, ?3, ?4, ?4, ?5 WHERE NOT EXISTS (SELECT 1 FROM backfill_jobs WHERE status = 'in_progress')
ON CONFLICT (backfill_id) DO NOTHING`;

/** Whether a day failed: by the manifest, or, where that has an older file, by the job before this one. */
const HAS_FAILED = `
(k.state IN ('failed', 'suspect') OR EXISTS (
  SELECT 1 FROM backfill_days b WHERE b.site_id = k.site_id AND b.day = k.day AND b.outcome IN ('failed', 'suspect')
    AND b.backfill_id = (SELECT backfill_id FROM backfill_jobs WHERE backfill_id <> ?1
      ORDER BY started_at DESC, backfill_id DESC LIMIT 1)))`;

/** What is known of each day. ?5 JSON array of site ids, whose manifest is here. */
const KNOWN_HERE = `
SELECT s.value AS site_id, d.day, f.state, f.source FROM json_each(?5) s CROSS JOIN days d
LEFT JOIN day_files f ON f.site_id = s.value AND f.day = d.day`;

/** ?5 JSON array of [site id, first day, last day, state, source]. */
const KNOWN_ELSEWHERE = `
SELECT r.value ->> 0 AS site_id, d.day, r.value ->> 3 AS state, r.value ->> 4 AS source
FROM json_each(?5) r CROSS JOIN days d WHERE d.day BETWEEN r.value ->> 1 AND r.value ->> 2`;

const UNFINISHED =
  "CASE WHEN k.state = 'empty-confirmed' OR (k.state = 'written' AND k.source = 'api') THEN 'skipped' ELSE 'pending' END";

/** The days of a job that has just begun. ?1 id, ?2 first day, ?3 last day, ?4 now, ?5 what is known. */
const INSERT_DAYS: Record<DaySelection, string> = {
  all: insertDays(KNOWN_HERE, "'pending'", "true"),
  unfinished: insertDays(KNOWN_HERE, UNFINISHED, "true"),
  failed: insertDays(KNOWN_HERE, "'pending'", HAS_FAILED),
};
const INSERT_DAYS_ELSEWHERE: Record<DaySelection, string> = {
  all: insertDays(KNOWN_ELSEWHERE, "'pending'", "true"),
  unfinished: insertDays(KNOWN_ELSEWHERE, UNFINISHED, "true"),
  failed: insertDays(KNOWN_ELSEWHERE, "'pending'", HAS_FAILED),
};

function insertDays(known: string, outcome: string, selected: string): string {
  return `
INSERT INTO backfill_days (backfill_id, site_id, day, outcome, finished_at)
WITH RECURSIVE days (day) AS (SELECT ?2 UNION ALL SELECT day + 1 FROM days WHERE day < ?3), known AS (${known})
SELECT ?1, k.site_id, k.day, ${outcome}, CASE ${outcome} WHEN 'skipped' THEN ?4 END FROM known k
WHERE EXISTS (SELECT 1 FROM backfill_jobs j WHERE j.backfill_id = ?1 AND j.status = 'in_progress') AND ${selected}
ON CONFLICT DO NOTHING`;
}

/**
 * Ends a job that has no day left: completed, unless all that it tried failed. What its days came to is beside it.
 * ?1 id, ?2 epoch, ?3 now.
 */
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

function runJson({ siteId, first, last, state, source }: DayRun): string {
  return JSON.stringify([siteId, first, last, state, source]);
}

/**
 * Begins a job, if none runs: of any number of calls at once, one gets its job. Safe to repeat with the same id.
 * A job that has nothing to do is completed at once.
 * @param now epoch ms
 * @returns null when another job runs
 */
export async function startJob(db: D1Database, job: NewJob, now: number): Promise<Job | null> {
  const { backfillId: id, range, siteIds, elsewhere = [], selection } = job;
  const bounds = [id, range.first, range.last, now];
  const results = await withD1Retry(() =>
    db.batch([
      // A file that somebody replaced is not overruled in passing.
      db.prepare(INSERT_JOB).bind(...bounds, selection === "unfinished" ? 0 : 1),
      db.prepare(INSERT_DAYS[selection]).bind(...bounds, JSON.stringify(siteIds)),
      ...[...jsonChunks(elsewhere, runJson, MAX_ASCII_CHARS)].map(({ json }) =>
        db.prepare(INSERT_DAYS_ELSEWHERE[selection]).bind(...bounds, json),
      ),
      db.prepare(FINISH_JOB).bind(id, 0, now),
      db.prepare("SELECT * FROM backfill_jobs WHERE backfill_id = ?1").bind(id),
    ]),
  );
  return jobOf(results.at(-1)?.results[0]);
}

/**
 * Stops the job that runs. Its steps find that out before they fetch and before they publish.
 * @returns the job that was stopped; null when none ran
 */
export async function cancelJob(db: D1Database, now: number): Promise<Job | null> {
  const running = await readRunningJob(db);
  if (running === null) return null;
  // By its id: a lost answer that is asked for again must not stop a job that was started in between.
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

/** Ends a job whose steps can do no more, for a reason that people can read. */
export async function failJob(db: D1Database, ticket: JobTicket, reason: string, now: number): Promise<void> {
  const statement = db
    .prepare(
      `UPDATE backfill_jobs SET status = 'failed', epoch = epoch + 1, reason = ?3, updated_at = ?4
       WHERE backfill_id = ?1 AND epoch = ?2 AND status = 'in_progress'`,
    )
    .bind(ticket.backfillId, ticket.epoch, reason, now);
  await withD1Retry(() => statement.run());
}

/** Ends a job that has no day left to deal with; does nothing while it has. */
export async function finishJob(db: D1Database, ticket: JobTicket, now: number): Promise<void> {
  const statement = db.prepare(FINISH_JOB).bind(ticket.backfillId, ticket.epoch, now);
  await withD1Retry(() => statement.run());
}

/** The job that runs, else the one that was started last. */
export async function readJob(db: D1Database): Promise<Job | null> {
  const statement = db.prepare(
    "SELECT * FROM backfill_jobs ORDER BY status = 'in_progress' DESC, started_at DESC, backfill_id DESC LIMIT 1",
  );
  return jobOf(await withD1Retry(() => statement.first()));
}

const spanSchema = z.object({ first: z.int().nullable(), last: z.int().nullable() });

/** ?1: JSON array of site ids; ?2 and ?3: the first and the last day. */
const FAILED_FILES = `
SELECT min(f.day) AS first, max(f.day) AS last FROM json_each(?1) s CROSS JOIN day_files f ON f.site_id = s.value
WHERE f.state IN ('failed', 'suspect') AND f.day BETWEEN ?2 AND ?3`;
const FAILED_LAST_TIME = `
SELECT min(b.day) AS first, max(b.day) AS last FROM json_each(?1) s CROSS JOIN backfill_days b ON b.site_id = s.value
WHERE b.backfill_id = (SELECT backfill_id FROM backfill_jobs ORDER BY started_at DESC, backfill_id DESC LIMIT 1)
  AND b.outcome IN ('failed', 'suspect') AND b.day BETWEEN ?2 AND ?3`;

/**
 * The span of the days in a range that {@link startJob} would select as failed, of these sites; null: there are none.
 * A job may begin in between, so it selects for itself.
 */
export async function failedSpan(
  db: D1Database,
  sites: readonly PlacedSite[],
  range: DayRange,
): Promise<DayRange | null> {
  const read = async (of: D1Database, sql: string, ids: readonly number[]) => {
    const statement = of.prepare(sql).bind(JSON.stringify(ids), range.first, range.last);
    return spanSchema.parse(await withD1Retry(() => statement.first()));
  };
  const stores = Map.groupBy(
    sites.map((site) => storeOf(db, site)),
    (store) => store.db,
  );
  const asIds = (of: readonly { readonly id: number }[]) => of.map(({ id }) => id);
  const spans = await Promise.all([
    read(db, FAILED_LAST_TIME, asIds(sites)),
    ...[...stores].map(([of, own]) => read(of, FAILED_FILES, asIds(own.map(({ site }) => site)))),
  ]);
  const firsts = spans.flatMap(({ first }) => first ?? []);
  const lasts = spans.flatMap(({ last }) => last ?? []);
  return firsts.length === 0 ? null : { first: Math.min(...firsts), last: Math.max(...lasts) };
}

/** null: none runs. */
export async function readRunningJob(db: D1Database): Promise<Job | null> {
  const statement = db.prepare("SELECT * FROM backfill_jobs WHERE status = 'in_progress'");
  return jobOf(await withD1Retry(() => statement.first()));
}
