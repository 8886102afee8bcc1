import { z } from "zod";
import { addRejections, REJECTION_REASONS, type RejectionCounts } from "../domain/rejection.ts";
import { withD1Retry } from "../d1/retry.ts";
import { type Job, readJob } from "./job-store.ts";

/** How far a job has come with one site. */
export interface SiteProgress {
  readonly site: string;
  readonly total: number;
  readonly pending: number;
  readonly skipped: number;
  readonly written: number;
  readonly empty: number;
  readonly suspect: number;
  readonly failed: number;
  /** samples of the job's days, those that were finished before it included */
  readonly records: number;
  /** requests for samples, as they are made */
  readonly apiCalls: number;
  readonly retries: number;
  readonly rejected: RejectionCounts;
  /** the first day that is pending, days since 1970; null: none is */
  readonly current: number | null;
  /** when a day was dealt with, or an instance of the engine appointed, last; epoch ms; null: neither was */
  readonly movedAt: number | null;
  /** how far the build of `current` has come; null: no day is pending */
  readonly build: DayProgress | null;
}

/** How far a day has come that is not finished. */
interface DayProgress {
  /** of 24, fetched */
  readonly hours: number;
  /** in these hours */
  readonly samples: number;
  /** for samples, by all attempts of this job at the day */
  readonly requests: number;
}

/** The job's calendar days, each once however many sites have it. */
interface CalendarDays {
  readonly total: number;
  /** written, empty or skipped at all sites */
  readonly completed: number;
  /** failed at a site */
  readonly failed: number;
  /** suspect at a site, and failed at none */
  readonly suspect: number;
  /** skipped, or empty, at all sites */
  readonly skipped: number;
  readonly empty: number;
  /** not skipped at all sites, and the site-days in them that are not skipped */
  readonly unskipped: number;
  readonly unskippedSiteDays: number;
}

export interface Progress {
  readonly job: Job;
  readonly days: CalendarDays;
  readonly sites: readonly SiteProgress[];
  /** when the job wrote its last site-days or proved them empty, epoch ms, ascending, at most {@link PACE_DAYS} */
  readonly finishedAt: readonly number[];
  /** milliseconds between requests that the pace allows now; null: nothing was asked yet */
  readonly intervalMs: number | null;
}

/** The pace is measured over so many days: long enough to be steady, short enough to follow a change. */
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

/** A site's first pending day is the one that is built. */
const BUILDS = `
SELECT s.name AS site, d.hours, d.samples, d.api_calls AS requests FROM backfill_days d
JOIN sites s ON s.id = d.site_id WHERE d.backfill_id = ?1 AND d.outcome = 'pending' AND (d.site_id, d.day) IN (
  SELECT site_id, min(day) FROM backfill_days WHERE backfill_id = ?1 AND outcome = 'pending' GROUP BY site_id)`;

/** A day that failed is no measure of the pace. */
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

/** How far a job has come: the one of the id, else the one that runs, else the last one; null: there was none. */
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

/** Site-days that need no more work: a failed one does. */
export function siteDaysCompleted(site: SiteProgress): number {
  return site.skipped + site.written + site.empty;
}
