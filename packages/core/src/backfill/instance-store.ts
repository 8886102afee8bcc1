import { z } from "zod";
import { withD1Retry } from "../d1/retry.ts";
import type { BackfillSite } from "./backfill-site.ts";
import type { JobTicket } from "./job-store.ts";

/**
 * The identity of an instance: a job, a site and a number. A step may go on only while the job runs and no later
 * instance is appointed for the site.
 */
export interface InstanceTicket extends JobTicket {
  readonly site: BackfillSite;
  /** earlier instances of this job and site */
  readonly number: number;
}

/** A site with pending days of a running job, and its appointed instance. */
export interface SiteWork {
  readonly site: BackfillSite;
  /** of the last appointed instance; null: none yet */
  readonly number: number | null;
  /** instances directly before it that ended without finishing the first pending day */
  readonly consecutiveFailures: number;
}

/** The instance's id in the engine, and the name of its builds. */
export function instanceName({ backfillId, site, number }: Pick<InstanceTicket, "backfillId" | "site" | "number">) {
  return `${backfillId}-${site.id}-${number}`;
}

/** ?1 backfill id, ?2 epoch. */
const IS_RUNNING =
  "EXISTS (SELECT 1 FROM backfill_jobs WHERE backfill_id = ?1 AND epoch = ?2 AND status = 'in_progress')";

/** ?3 site id, ?4 number. */
const IS_CURRENT = `
SELECT 1 FROM backfill_instances WHERE backfill_id = ?1 AND site_id = ?3 AND number = ?4 AND ${IS_RUNNING}`;

/** Whether a step of this instance may go on. */
export async function isCurrent(db: D1Database, ticket: InstanceTicket): Promise<boolean> {
  const { backfillId, epoch, site, number } = ticket;
  const statement = db.prepare(IS_CURRENT).bind(backfillId, epoch, site.id, number);
  return (await withD1Retry(() => statement.first())) !== null;
}

/** Of any number of concurrent calls, one appoints. ?3 site id, ?4 number of the instance to follow, ?5 now. */
const APPOINT = `
INSERT INTO backfill_instances (backfill_id, site_id, number, day, appointed_at)
SELECT ?1, ?3, 0, min(day), ?5 FROM backfill_days WHERE backfill_id = ?1 AND site_id = ?3 AND outcome = 'pending'
HAVING min(day) IS NOT NULL AND ${IS_RUNNING}
ON CONFLICT (backfill_id, site_id) DO UPDATE SET number = number + 1,
  consecutive_failures = CASE WHEN day = excluded.day THEN consecutive_failures + 1 ELSE 0 END, day = excluded.day, appointed_at = ?5
WHERE number = ?4`;

/** ?3 site id. */
const APPOINTED = `SELECT number FROM backfill_instances WHERE backfill_id = ?1 AND site_id = ?3 AND ${IS_RUNNING}`;

/**
 * Appoints the next instance for a site. Does nothing if another call appointed one meanwhile, the job no longer runs,
 * or the site has no pending day. Safe to repeat.
 * @param after the instance to follow; null: none was appointed yet
 * @param now epoch ms
 * @returns the number of the instance appointed then; null: none, or the job does not run
 */
export async function appointNext(
  db: D1Database,
  { backfillId, epoch }: JobTicket,
  siteId: number,
  after: number | null,
  now: number,
): Promise<number | null> {
  const key = [backfillId, epoch, siteId];
  const [, appointed] = await withD1Retry(() =>
    db.batch([db.prepare(APPOINT).bind(...key, after ?? -1, now), db.prepare(APPOINTED).bind(...key)]),
  );
  const rows = z.array(z.object({ number: z.int() })).parse(appointed?.results);
  return rows[0]?.number ?? null;
}

const SITE_WORK = `
SELECT s.id, s.name, i.number, i.day, i.consecutive_failures,
  (SELECT min(day) FROM backfill_days d WHERE d.backfill_id = ?1 AND d.site_id = s.id AND d.outcome = 'pending') AS first
FROM sites s LEFT JOIN backfill_instances i ON i.backfill_id = ?1 AND i.site_id = s.id
WHERE first IS NOT NULL ORDER BY s.name`;

const siteWorkSchema = z.array(
  z.object({
    id: z.int(),
    name: z.string(),
    number: z.int().nullable(),
    day: z.int().nullable(),
    consecutive_failures: z.int().nullable(),
    first: z.int(),
  }),
);

/** The sites with pending days of a job. */
export async function sitesAtWork(db: D1Database, backfillId: string): Promise<SiteWork[]> {
  const { results } = await withD1Retry(() => db.prepare(SITE_WORK).bind(backfillId).all());
  return siteWorkSchema.parse(results).map(({ id, name, number, day, consecutive_failures, first }) => {
    // an instance that finished a day ends the series of failures before it
    return { site: { id, name }, number, consecutiveFailures: day === first ? (consecutive_failures ?? 0) : 0 };
  });
}
