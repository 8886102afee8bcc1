import { z } from "zod";
import { addRejections, REJECTION_REASONS, type RejectionCounts } from "../domain/rejection.ts";
import { withD1Retry } from "../d1/retry.ts";
import { type Job, readJob } from "./job-store.ts";

/** A job's progress at one site. */
export interface SiteProgress {
  readonly site: string;
  readonly total: number;
  readonly pending: number;
  readonly skipped: number;
  readonly written: number;
  readonly empty: number;
  readonly suspect: number;
  readonly failed: number;
  /** samples of the job's days, including days finished before the job */
  readonly records: number;
  /** requests for samples, counted when they are made */
  readonly apiCalls: number;
  readonly retries: number;
  readonly rejected: RejectionCounts;
  /** the first pending day, days since 1970; null: no day is pending */
  readonly current: number | null;
  /** when a day was last finished or an instance last appointed, epoch ms; null: neither happened */
  readonly movedAt: number | null;
  /** progress of the build of `current`; null: no day is pending */
  readonly build: DayProgress | null;
}

/** Progress of an unfinished day. */
interface DayProgress {
  /** fetched hours, of 24 */
  readonly hours: number;
  /** samples in these hours */
  readonly samples: number;
  /** requests for samples, over all attempts of this job at the day */
  readonly requests: number;
}

/** The job's calendar days; each counts once, for any number of sites. */
interface CalendarDays {
  readonly total: number;
  /** written, empty or skipped at all sites */
  readonly completed: number;
  /** failed at one site or more */
  readonly failed: number;
  /** suspect at one site or more, and failed at none */
  readonly suspect: number;
  /** skipped, or empty, at all sites */
  readonly skipped: number;
  readonly empty: number;
  /** days not skipped at all sites, and their site-days that are not skipped */
  readonly unskipped: number;
  readonly unskippedSiteDays: number;
}

export interface Progress {
  readonly job: Job;
  readonly days: CalendarDays;
  readonly sites: readonly SiteProgress[];
  /** when the job last wrote site-days or confirmed them empty, epoch ms, ascending, at most {@link PACE_DAYS} */
  readonly finishedAt: readonly number[];
  /** current milliseconds between requests; null: no request was made yet */
  readonly intervalMs: number | null;
}

/** Days over which the pace is measured: enough to be steady, few enough to follow a change. */
const PACE_DAYS = 50;

const SITE_PROGRESS = `
SELECT s.name AS site, count(*) AS total,
  sum(d.outcome = 'pending') AS pending, sum(d.outcome = 'skipped') AS skipped, sum(d.outcome = 'written') AS written,
  sum(d.outcome = 'confirmed-empty') AS empty, sum(d.outcome = 'suspect') AS suspect,
  sum(d.outcome = 'failed') AS failed, sum(d.records) AS records, sum(d.api_calls) AS apiCalls,
  sum(d.retries) AS retries, json_group_array(json(d.rejected)) AS rejected, min(CASE d.outcome WHEN 'pending' THEN d.day END) AS current,
  nullif(max(coalesce(max(d.finished_at), 0), coalesce(i.appointed_at, 0)), 0) AS movedAt
FROM backfill_days d JOIN sites s ON s.id = d.site_id
LEFT JOIN backfill_instances i ON i.backfill_id = d.backfill_id AND i.site_id = d.site_id
WHERE d.backfill_id = ?1 GROUP BY s.id ORDER BY s.name`;

const CALENDAR_DAYS = `
WITH days AS (
  SELECT max(outcome = 'pending') AS pending, max(outcome = 'failed') AS failed, max(outcome = 'suspect') AS suspect,
    min(outcome = 'skipped') AS skipped, min(outcome = 'confirmed-empty') AS empty, sum(outcome <> 'skipped') AS siteDays
  FROM backfill_days WHERE backfill_id = ?1 GROUP BY day)
SELECT count(*) AS total, coalesce(sum(NOT pending AND NOT failed AND NOT suspect), 0) AS completed,
  coalesce(sum(failed), 0) AS failed, coalesce(sum(suspect AND NOT failed), 0) AS suspect,
  coalesce(sum(skipped), 0) AS skipped, coalesce(sum(empty), 0) AS empty,
  coalesce(sum(siteDays > 0), 0) AS unskipped, coalesce(sum(siteDays), 0) AS unskippedSiteDays FROM days`;

/** A site's first pending day is the one in progress. */
const BUILDS = `
SELECT s.name AS site, d.hours, d.samples, d.api_calls AS requests FROM backfill_days d
JOIN sites s ON s.id = d.site_id WHERE d.backfill_id = ?1 AND d.outcome = 'pending' AND (d.site_id, d.day) IN (
  SELECT site_id, min(day) FROM backfill_days WHERE backfill_id = ?1 AND outcome = 'pending' GROUP BY site_id)`;

/** Failed days are excluded, because their duration does not show the pace. */
const FINISHED_AT = `
SELECT finished_at FROM backfill_days WHERE backfill_id = ?1 AND outcome IN ('written', 'confirmed-empty')
ORDER BY finished_at DESC LIMIT ?2`;

const count = z.int();
const rejectionCountsSchema = z.partialRecord(z.enum(REJECTION_REASONS), count);
/** a JSON array of the days' counts */
const rejectedSchema = z.string().transform((text) => {
  const sum: RejectionCounts = {};
  for (const day of z.array(rejectionCountsSchema).parse(JSON.parse(text))) addRejections(sum, day);
  return sum;
});
const siteRowsSchema = z.array(
  z.object({
    site: z.string(),
    total: count,
    pending: count,
    skipped: count,
    written: count,
    empty: count,
    suspect: count,
    failed: count,
    records: count,
    apiCalls: count,
    retries: count,
    rejected: rejectedSchema,
    current: count.nullable(),
    movedAt: count.nullable(),
  }),
);
const daysSchema = z.tuple([
  z.object({
    total: count,
    completed: count,
    failed: count,
    suspect: count,
    skipped: count,
    empty: count,
    unskipped: count,
    unskippedSiteDays: count,
  }),
]);
const buildsSchema = z.array(z.object({ site: z.string(), hours: count, samples: count, requests: count }));
const finishedSchema = z.array(z.object({ finished_at: z.int() }));
const intervalSchema = z.array(z.object({ interval_ms: z.number() }));

/** Progress of the job with this id. Without an id: of the running job, else of the last one; null: there is no job. */
export async function readProgress(db: D1Database, id?: string): Promise<Progress | null> {
  const job = await readJob(db, id);
  if (job === null) return null;
  const [sites, days, builds, finished, pace] = await withD1Retry(() =>
    db.batch([
      db.prepare(SITE_PROGRESS).bind(job.backfillId),
      db.prepare(CALENDAR_DAYS).bind(job.backfillId),
      db.prepare(BUILDS).bind(job.backfillId),
      db.prepare(FINISHED_AT).bind(job.backfillId, PACE_DAYS),
      db.prepare("SELECT interval_ms FROM backfill_pace"),
    ]),
  );
  const buildOf = new Map(
    buildsSchema
      .parse(builds?.results)
      .map(({ site, hours, samples, requests }) => [site, { hours, samples, requests }]),
  );
  return {
    job,
    days: daysSchema.parse(days?.results)[0],
    sites: siteRowsSchema.parse(sites?.results).map((site) => ({ ...site, build: buildOf.get(site.site) ?? null })),
    finishedAt: finishedSchema
      .parse(finished?.results)
      .map((row) => row.finished_at)
      .toReversed(),
    intervalMs: intervalSchema.parse(pace?.results)[0]?.interval_ms ?? null,
  };
}

/** Site-days that need no more work; a failed one does. */
export function siteDaysCompleted(site: SiteProgress): number {
  return site.skipped + site.written + site.empty;
}
