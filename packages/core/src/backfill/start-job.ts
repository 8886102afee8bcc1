import { jsonChunks, MAX_ASCII_CHARS } from "../d1/json-chunks.ts";
import { withD1Retry } from "../d1/retry.ts";
import type { DayRange } from "./date-range.ts";
import type { DayRun } from "./day-runs.ts";
import { LAST_ATTEMPTS } from "./failed-days.ts";
import { FINISH_JOB, type Job, jobOf } from "./job-store.ts";

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
  /** whether the running job is cancelled in its favour */
  readonly supersedes?: boolean;
  /** of a queued start: days that a job started since then has finished are skipped, epoch ms */
  readonly coveredSince?: number;
}

/** Cancels the running job for another one, unless that one was begun by an earlier try. ?1 its id, ?2 now. */
const SUPERSEDE = `
UPDATE backfill_jobs SET status = 'cancelled', epoch = epoch + 1, updated_at = ?2, reason = 'replaced by ' || ?1
WHERE status = 'in_progress' AND NOT EXISTS (SELECT 1 FROM backfill_jobs WHERE backfill_id = ?1)`;

/**
 * Begins a job unless one runs. ?1 id, ?2 first day, ?3 last day, ?4 now, ?5 whether it replaces suspect objects,
 * ?6 whether it must be in the queue.
 */
const INSERT_JOB = `
INSERT INTO backfill_jobs (backfill_id, status, start_day, end_day, started_at, updated_at, replace_suspect)
SELECT ?1, 'in_progress', ?2, ?3, ?4, ?4, ?5 WHERE NOT EXISTS (SELECT 1 FROM backfill_jobs WHERE status = 'in_progress')
  AND (NOT ?6 OR EXISTS (SELECT 1 FROM backfill_queue WHERE backfill_id = ?1))
ON CONFLICT (backfill_id) DO NOTHING`;

/** What is known of each day. ?5 JSON array of site ids, whose manifest is here. */
const KNOWN_HERE = `
SELECT s.value AS site_id, d.day, f.state, f.source, f.rows FROM json_each(?5) s CROSS JOIN days d
LEFT JOIN day_files f ON f.site_id = s.value AND f.day = d.day`;

/** ?5 JSON array of [site id, first day, last day, state, source, rows of each day]. D1 binds days as reals: hence the cast. */
const KNOWN_ELSEWHERE = `
SELECT r.value ->> 0 AS site_id, d.day, r.value ->> 3 AS state, r.value ->> 4 AS source,
  json_extract(r.value, '$[5][' || CAST(d.day - (r.value ->> 1) AS INTEGER) || ']') AS rows
FROM json_each(?5) r CROSS JOIN days d WHERE d.day BETWEEN r.value ->> 1 AND r.value ->> 2`;

const UNFINISHED =
  "CASE WHEN k.state = 'empty-confirmed' OR (k.state = 'written' AND k.source = 'api') THEN 'skipped' ELSE 'pending' END";

/** ?6 start of the jobs that count, epoch ms; NULL: none does. */
const UNCOVERED = `
CASE WHEN EXISTS (SELECT 1 FROM backfill_jobs j CROSS JOIN backfill_days b ON b.backfill_id = j.backfill_id
    AND b.site_id = k.site_id AND b.day = k.day
  WHERE j.started_at >= ?6 AND j.backfill_id <> ?1 AND b.outcome IN ('written', 'empty-confirmed'))
THEN 'skipped' ELSE 'pending' END`;

const HAS_FAILED = `(k.state IN ('failed', 'suspect')
  OR EXISTS (SELECT 1 FROM attempts a WHERE a.site_id = k.site_id AND a.day = k.day AND a.outcome IN ('failed', 'suspect')))`;

/** The days of a job that has just begun. ?1 id, ?2 first day, ?3 last day, ?4 now, ?5 what is known; of `all` ?6 of UNCOVERED. */
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

/** A skipped day has the samples that its file has: they count as processed, as the day counts as completed. */
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

/** Takes a job that has begun out of the queue. ?1 id. */
const DEQUEUE = `
DELETE FROM backfill_queue WHERE backfill_id = ?1 AND EXISTS (SELECT 1 FROM backfill_jobs WHERE backfill_id = ?1)`;

function runJson({ siteId, first, last, state, source, rows }: DayRun): string {
  return JSON.stringify([siteId, first, last, state, source, rows]);
}

/**
 * Begins a job, if none runs or it supersedes the one that does: of any number of calls at once, one gets its job. Safe
 * to repeat with the same id. A job that has nothing to do is completed at once.
 * @param now epoch ms
 * @returns null when another job runs, or a queued start is no longer in the queue
 */
export async function startJob(db: D1Database, job: NewJob, now: number): Promise<Job | null> {
  const { backfillId: id, range, siteIds, elsewhere = [], selection, supersedes = false, coveredSince } = job;
  const isQueued = coveredSince !== undefined;
  const bounds = [id, range.first, range.last, now];
  const covered = selection === "all" ? [coveredSince ?? null] : [];
  const results = await withD1Retry(() =>
    db.batch([
      ...(supersedes ? [db.prepare(SUPERSEDE).bind(id, now)] : []),
      // A file that somebody replaced is not overruled in passing.
      db.prepare(INSERT_JOB).bind(...bounds, selection === "unfinished" ? 0 : 1, isQueued ? 1 : 0),
      db.prepare(INSERT_DAYS[selection]).bind(...bounds, JSON.stringify(siteIds), ...covered),
      ...[...jsonChunks(elsewhere, runJson, MAX_ASCII_CHARS)].map(({ json }) =>
        db.prepare(INSERT_DAYS_ELSEWHERE[selection]).bind(...bounds, json, ...covered),
      ),
      ...(isQueued ? [db.prepare(DEQUEUE).bind(id)] : []),
      db.prepare(FINISH_JOB).bind(id, 0, now),
      db.prepare("SELECT * FROM backfill_jobs WHERE backfill_id = ?1").bind(id),
    ]),
  );
  return jobOf(results.at(-1)?.results[0]);
}
