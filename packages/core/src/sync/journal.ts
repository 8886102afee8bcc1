import { z } from "zod";
import { DAY_MS } from "../domain/day.ts";
import { type Counts, Tally } from "../domain/counts.ts";
import { REJECTION_REASONS } from "../domain/rejection.ts";
import { addCounts } from "../d1/site-counters.ts";
import { changeRows } from "../d1/change-rows.ts";
import { withD1Retry } from "../d1/retry.ts";
import type { SiteSyncResult, SyncResult } from "./sync-result.ts";

/** How long runs stay in D1, and their projection in KV. */
export const JOURNAL_DAYS = 30;

/** A past run of a site's sync: a row of `sync_runs`. */
export interface JournalRun {
  readonly siteId: number;
  readonly syncId: string;
  /** epoch ms */
  readonly startedAt: number;
  readonly durationMs: number;
  readonly fetched: number;
  readonly inserted: number;
  readonly unchanged: number;
  readonly failed: number;
  readonly rejected: Partial<Record<(typeof REJECTION_REASONS)[number], number>>;
  readonly apiCalls: number;
  readonly complete: boolean;
  readonly errors: readonly { stage: string; code: string; message: string }[];
}

const INSERT_RUNS = `
INSERT INTO sync_runs (site_id, started_at, sync_id, duration_ms, fetched, inserted, unchanged, failed, rejected,
  points, api_calls, window_start, window_end, complete, errors)
SELECT value ->> 'siteId', value ->> 'startedAt', value ->> 'syncId', value ->> 'durationMs', value ->> 'fetched',
  value ->> 'inserted', value ->> 'unchanged', value ->> 'failed', value -> 'rejected', value ->> 'points',
  value ->> 'apiCalls', value ->> 'windowStart', value ->> 'windowEnd', value ->> 'complete', value -> 'errors'
FROM json_each(?1) WHERE true ON CONFLICT (site_id, started_at, sync_id) DO NOTHING`;

function milliseconds(isoTime: string | undefined): number | null {
  return isoTime === undefined ? null : Date.parse(isoTime);
}

/**
 * Writes the results of a run, one row per site, and adds them to the sites' counters, in one transaction.
 * @param siteIds by site name
 * @param counted counts of the run's clients and databases, by site name
 */
export async function recordSyncRun(
  db: D1Database,
  run: SyncResult,
  siteIds: ReadonlyMap<string, number>,
  counted: ReadonlyMap<string, Counts> = new Map(),
): Promise<void> {
  const rows = run.sites.flatMap((site) => {
    const siteId = siteIds.get(site.site);
    return siteId === undefined ? [] : [runRow(run, site, siteId)];
  });
  if (rows.length === 0) return;
  const begun = run.sites.flatMap((site) => {
    const [siteId, counts] = [siteIds.get(site.site), counted.get(site.site)];
    return siteId === undefined || counts === undefined ? [] : [{ siteId, counts: runCounts(site, counts) }];
  });
  const insert = db.prepare(INSERT_RUNS).bind(JSON.stringify(rows));
  await withD1Retry(() => db.batch([insert, addCounts(db, "sync", run.syncId, begun)]));
}

function runCounts(site: SiteSyncResult, counted: Counts): Counts {
  const tally = new Tally();
  tally.add("runs");
  for (const [name, count] of Object.entries(counted)) tally.add(name, count);
  const { recordsInserted: inserted, recordsUnchanged: unchanged, recordsFailed: failed } = site;
  tally.addAll("samples", { inserted, unchanged, failed });
  tally.addAll("rejected", site.recordsRejected);
  for (const { stage } of site.errors) tally.add(`failures:${stage}`);
  return tally.take();
}

function runRow(run: SyncResult, site: SiteSyncResult, siteId: number): Record<string, unknown> {
  return {
    siteId,
    startedAt: Date.parse(run.startTime),
    syncId: run.syncId,
    durationMs: run.duration,
    fetched: site.recordsFetched,
    inserted: site.recordsInserted,
    unchanged: site.recordsUnchanged,
    failed: site.recordsFailed,
    rejected: site.recordsRejected,
    points: site.pointsProcessed,
    apiCalls: site.apiCalls,
    windowStart: milliseconds(site.window?.start),
    windowEnd: milliseconds(site.window?.end),
    complete: site.complete ? 1 : 0,
    errors: site.errors,
  };
}

const runRowSchema = z.object({
  site_id: z.int(),
  started_at: z.int(),
  sync_id: z.string(),
  duration_ms: z.int(),
  fetched: z.int(),
  inserted: z.int(),
  unchanged: z.int(),
  failed: z.int(),
  rejected: z.string(),
  api_calls: z.int(),
  complete: z.int(),
  errors: z.string(),
});
const rejectedSchema = z.partialRecord(z.enum(REJECTION_REASONS), z.int());
const errorsSchema = z.array(z.object({ stage: z.string(), code: z.string(), message: z.string() }));

/** The newest runs of a site, newest first. */
export async function readRuns(db: D1Database, siteId: number, limit: number): Promise<JournalRun[]> {
  const statement = db
    .prepare("SELECT * FROM sync_runs WHERE site_id = ?1 ORDER BY started_at DESC, sync_id DESC LIMIT ?2")
    .bind(siteId, limit);
  const { results } = await withD1Retry(() => statement.all());
  return z
    .array(runRowSchema)
    .parse(results)
    .map((row) => ({
      siteId: row.site_id,
      syncId: row.sync_id,
      startedAt: row.started_at,
      durationMs: row.duration_ms,
      fetched: row.fetched,
      inserted: row.inserted,
      unchanged: row.unchanged,
      failed: row.failed,
      rejected: rejectedSchema.parse(JSON.parse(row.rejected)),
      apiCalls: row.api_calls,
      complete: row.complete === 1,
      errors: errorsSchema.parse(JSON.parse(row.errors)),
    }));
}

const PRUNE_SOME = `
DELETE FROM sync_runs WHERE (site_id, started_at, sync_id) IN (
  SELECT site_id, started_at, sync_id FROM sync_runs
  WHERE site_id IN (SELECT value FROM json_each(?1)) AND started_at < ?2 LIMIT ?3
)`;

/** Deletes runs older than {@link JOURNAL_DAYS}. @param now epoch ms */
export async function pruneRuns(db: D1Database, siteIds: readonly number[], now: number): Promise<void> {
  const before = now - JOURNAL_DAYS * DAY_MS;
  await changeRows((most) => db.prepare(PRUNE_SOME).bind(JSON.stringify(siteIds), before, most));
}
