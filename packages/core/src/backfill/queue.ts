import { z } from "zod";
import { withD1Retry } from "../d1/retry.ts";
import type { BackfillSite } from "./backfill-site.ts";
import type { DayRange } from "./date-range.ts";

// The SQL of `backfill_queue`.

/** The maximum number of waiting backfills. */
export const MAX_QUEUED = 10;

/** A backfill that begins after the earlier ones have ended. */
export interface QueuedStart {
  readonly backfillId: string;
  readonly range: DayRange;
  readonly sites: readonly BackfillSite[];
  /** whether finished days are fetched again */
  readonly forceRestart: boolean;
}

export interface WaitingStart extends QueuedStart {
  /** from 1 */
  readonly position: number;
  /** epoch ms */
  readonly queuedAt: number;
  /** days that a job started since then has finished are skipped, epoch ms */
  readonly coveredSince: number;
}

/** ?1 id, ?2 first day, ?3 last day, ?4 sites, ?5 force, ?6 now, ?7 the maximum of waiting starts. */
const ENQUEUE = `
INSERT INTO backfill_queue (backfill_id, start_day, end_day, sites, force_restart, covered_since, queued_at)
SELECT ?1, ?2, ?3, ?4, ?5, coalesce((SELECT started_at FROM backfill_jobs WHERE status = 'in_progress'), ?6), ?6
WHERE (SELECT count(*) FROM backfill_queue) < ?7
  AND NOT EXISTS (SELECT 1 FROM backfill_jobs WHERE backfill_id = ?1)
  AND NOT EXISTS (SELECT 1 FROM backfill_queue
    WHERE start_day = ?2 AND end_day = ?3 AND sites = ?4 AND force_restart = ?5)`;

/** The equal waiting start, or the job that it became meanwhile. Bound like {@link ENQUEUE}, without ?6 and ?7. */
const QUEUED = `
SELECT backfill_id FROM backfill_queue WHERE start_day = ?2 AND end_day = ?3 AND sites = ?4 AND force_restart = ?5
UNION ALL SELECT backfill_id FROM backfill_jobs WHERE backfill_id = ?1`;

const WAITING = `
SELECT backfill_id, start_day, end_day, sites, force_restart, covered_since, queued_at,
  row_number() OVER (ORDER BY n) AS position FROM backfill_queue ORDER BY n`;

/** No row while a job runs. */
const NEXT = `
SELECT *, 1 AS position FROM backfill_queue WHERE NOT EXISTS (SELECT 1 FROM backfill_jobs WHERE status = 'in_progress')
ORDER BY n LIMIT 1`;

const siteSchema = z.strictObject({ id: z.int(), name: z.string() });
const rowsSchema = z.array(
  z.object({
    backfill_id: z.string(),
    start_day: z.int(),
    end_day: z.int(),
    sites: z.string().transform((json) => z.array(siteSchema).parse(JSON.parse(json))),
    force_restart: z.int(),
    covered_since: z.int(),
    queued_at: z.int(),
    position: z.int(),
  }),
);

function waitingOf(rows: unknown): WaitingStart[] {
  return rowsSchema.parse(rows).map((row) => ({
    backfillId: row.backfill_id,
    range: { first: row.start_day, last: row.end_day },
    sites: row.sites,
    forceRestart: row.force_restart === 1,
    position: row.position,
    queuedAt: row.queued_at,
    coveredSince: row.covered_since,
  }));
}

/**
 * Appends a start to the queue. Equal starts wait once. Safe to repeat.
 * @param now epoch ms
 * @returns the id of the waiting start; null: the queue is full
 */
export async function enqueue(db: D1Database, start: QueuedStart, now: number): Promise<string | null> {
  const { backfillId, range, forceRestart } = start;
  const sites = JSON.stringify(start.sites.map(({ id, name }) => ({ id, name })));
  const request = [backfillId, range.first, range.last, sites, forceRestart ? 1 : 0];
  const [, queued] = await withD1Retry(() =>
    db.batch([db.prepare(ENQUEUE).bind(...request, now, MAX_QUEUED), db.prepare(QUEUED).bind(...request)]),
  );
  return z.array(z.object({ backfill_id: z.string() })).parse(queued?.results)[0]?.backfill_id ?? null;
}

/** All waiting starts, in order. */
export async function readQueue(db: D1Database): Promise<WaitingStart[]> {
  return waitingOf((await withD1Retry(() => db.prepare(WAITING).all())).results);
}

/** The start to begin now. @returns null: no start waits, or a job runs */
export async function readNext(db: D1Database): Promise<WaitingStart | null> {
  return waitingOf((await withD1Retry(() => db.prepare(NEXT).all())).results)[0] ?? null;
}

/** Removes a start that has become a job. ?1 id. */
const DEQUEUE = `
DELETE FROM backfill_queue WHERE backfill_id = ?1 AND EXISTS (SELECT 1 FROM backfill_jobs WHERE backfill_id = ?1)`;

/** Belongs to the batch that begins the job. */
export function dequeue(db: D1Database, backfillId: string): D1PreparedStatement {
  return db.prepare(DEQUEUE).bind(backfillId);
}

/** Removes a waiting start. @returns whether it was waiting; false also if it began meanwhile */
export async function removeQueued(db: D1Database, backfillId: string): Promise<boolean> {
  const bound = (sql: string) => db.prepare(sql).bind(backfillId);
  // Read first: repeating a delete whose answer was lost would find no row.
  const find = bound("SELECT n FROM backfill_queue WHERE backfill_id = ?1");
  if ((await withD1Retry(() => find.first())) === null) return false;
  const [, begun] = await withD1Retry(() =>
    db.batch([
      bound("DELETE FROM backfill_queue WHERE backfill_id = ?1"),
      bound("SELECT 1 FROM backfill_jobs WHERE backfill_id = ?1"),
    ]),
  );
  return begun?.results.length === 0;
}
