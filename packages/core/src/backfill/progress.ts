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
  /** samples of the files that this job wrote */
  readonly records: number;
  readonly apiCalls: number;
  readonly retries: number;
  readonly rejected: RejectionCounts;
  /** the first day that is pending, days since 1970; null: none is */
  readonly current: number | null;
  /** when a day was dealt with, or an instance of the engine appointed, last; epoch ms; null: neither was */
  readonly movedAt: number | null;
}

export interface Progress {
  readonly job: Job;
  readonly sites: readonly SiteProgress[];
  /** when the job finished its last days, epoch ms, ascending, at most {@link PACE_DAYS} */
  readonly finishedAt: readonly number[];
  /** milliseconds between requests that the pace allows now; null: nothing was asked yet */
  readonly intervalMs: number | null;
}

/** The pace is measured over so many days: long enough to be steady, short enough to follow a change. */
const PACE_DAYS = 50;

const SITE_PROGRESS = `
SELECT s.name AS site, count(*) AS total,
  sum(d.outcome = 'pending') AS pending, sum(d.outcome = 'skipped') AS skipped, sum(d.outcome = 'written') AS written,
  sum(d.outcome = 'empty-confirmed') AS empty, sum(d.outcome = 'suspect') AS suspect,
  sum(d.outcome = 'failed') AS failed, sum(d.records) AS records, sum(d.api_calls) AS apiCalls,
  sum(d.retries) AS retries, json_group_array(json(d.rejected)) AS rejected, min(CASE d.outcome WHEN 'pending' THEN d.day END) AS current,
  nullif(max(coalesce(max(d.finished_at), 0), coalesce(i.appointed_at, 0)), 0) AS movedAt
FROM backfill_days d JOIN sites s ON s.id = d.site_id
LEFT JOIN backfill_instances i ON i.backfill_id = d.backfill_id AND i.site_id = d.site_id
WHERE d.backfill_id = ?1 GROUP BY s.id ORDER BY s.name`;

const FINISHED_AT = `
SELECT finished_at FROM backfill_days WHERE backfill_id = ?1 AND outcome NOT IN ('pending', 'skipped')
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
const finishedSchema = z.array(z.object({ finished_at: z.int() }));
const intervalSchema = z.array(z.object({ interval_ms: z.number() }));

/** How far the job that runs, else the last one, has come; null: there was none. */
export async function readProgress(db: D1Database): Promise<Progress | null> {
  const job = await readJob(db);
  if (job === null) return null;
  const [sites, finished, pace] = await withD1Retry(() =>
    db.batch([
      db.prepare(SITE_PROGRESS).bind(job.backfillId),
      db.prepare(FINISHED_AT).bind(job.backfillId, PACE_DAYS),
      db.prepare("SELECT interval_ms FROM backfill_pace"),
    ]),
  );
  return {
    job,
    sites: siteRowsSchema.parse(sites?.results),
    finishedAt: finishedSchema
      .parse(finished?.results)
      .map((row) => row.finished_at)
      .toReversed(),
    intervalMs: intervalSchema.parse(pace?.results)[0]?.interval_ms ?? null,
  };
}

/** Days that need no more work: a failed one does. */
export function daysCompleted(site: SiteProgress): number {
  return site.skipped + site.written + site.empty;
}
