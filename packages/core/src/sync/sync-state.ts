import { z } from "zod";
import type { SmallerPages } from "../ace/adaptive-page-size.ts";
import { PAGE_SIZES } from "../ace/page-size.ts";
import type { PagePosition } from "../ace/window-pages.ts";
import { identitySchema } from "../domain/identity.ts";
import type { Pause } from "../domain/pause.ts";
import type { TimeRange } from "../domain/time-range.ts";
import { addSites } from "../catalog/sites.ts";
import { withD1Retry } from "../d1/retry.ts";

/** The progress of a site's sync in D1. */
export interface SyncState {
  readonly siteId: number;
  readonly name: string;
  /** its last started runs, newest first, at most {@link RUNS_KEPT} */
  readonly recentRuns: readonly PastRun[];
  /** when the site's point list was last applied, epoch ms; null: never */
  readonly catalogAt: number | null;
  /** everything that the API served with a time before this is stored, epoch ms; null: no window has ended yet */
  readonly watermark: number | null;
  /** the time that half of the points have reached ({@link ServedTimes}), epoch ms; null: no window has ended yet */
  readonly servedTo: number | null;
  /** time of the newest sample of any window, epoch ms; null: none */
  readonly newestSample: number | null;
  /** the open window; null: none */
  readonly open: OpenWindow | null;
  /** null: pages have the setting's size */
  readonly smallerPages: SmallerPages | null;
  /** the pause by {@link pauseSite}; null: none */
  readonly pause: Pause | null;
}

/** A run that reached the API for a site, or failed before. */
export interface PastRun {
  /** start of the run, epoch ms */
  readonly at: number;
  /** it reached the present */
  readonly complete: boolean;
  readonly failed: boolean;
  /** records served per millisecond of the site's time; null: unknown for this run */
  readonly recordsPerMs: number | null;
}

/** After this many failures in a row the back-off stops growing (schedule.ts). */
export const RUNS_KEPT = 5;

export interface OpenWindow {
  readonly range: TimeRange;
  /** start of its next page; everything before is stored */
  readonly at: PagePosition;
}

/** A window that the API proved to have ended. */
export interface EndedWindow {
  readonly range: TimeRange;
  /** the time that half of the points have reached, epoch ms */
  readonly servedTo: number;
  /** time of its newest sample, epoch ms; null: it had none */
  readonly newest: number | null;
}

const stateRowSchema = z.object({
  id: z.int(),
  name: z.string(),
  recent_runs: z.string(),
  catalog_at: z.int().nullable(),
  watermark: z.int().nullable(),
  served_to: z.int().nullable(),
  newest_sample: z.int().nullable(),
  window_start: z.int().nullable(),
  window_end: z.int().nullable(),
  window_from: z.int().nullable(),
  cursor: z.string().nullable(),
  page_size: z.literal(PAGE_SIZES).nullable(),
  page_failures: z.int(),
  page_retry_at: z.int().nullable(),
  page_reason: z.string(),
  paused_at: z.int().nullable(),
  paused_by: z.string().nullable(),
  pause_reason: z.string().nullable(),
});

/** [start, complete, failed, records, span of its windows in ms] */
const pastRunsSchema = z.array(
  z.tuple([z.int(), z.literal([0, 1]), z.literal([0, 1]), z.int().nullable(), z.int().nullable()]),
);

function parsePastRuns(json: string): PastRun[] {
  return pastRunsSchema
    .parse(JSON.parse(json))
    .map(([at, complete, erred, records, span]) => {
      // the rate of a run that broke off is unknown
      const isWhole = complete === 1 && records !== null && span !== null && span > 0;
      return {
        at,
        complete: complete === 1,
        failed: complete === 0 && erred === 1,
        recordsPerMs: isWhole ? records / span : null,
      };
    })
    .sort((a, b) => b.at - a.at);
}

function pauseOf(row: z.infer<typeof stateRowSchema>): Pause | null {
  const { paused_at: since, paused_by: by, pause_reason: reason } = row;
  if (since === null) return null;
  return { since, by: by === null ? null : identitySchema.parse(JSON.parse(by)), reason };
}

const READ_STATES = `
SELECT s.id, s.name, s.catalog_at, y.watermark, y.served_to, y.newest_sample, y.window_start, y.window_end, y.window_from, y.cursor, y.page_size,
  coalesce(y.page_failures, 0) AS page_failures, y.page_retry_at, coalesce(y.page_reason, '') AS page_reason,
  y.paused_at, y.paused_by, y.pause_reason,
  (SELECT json_group_array(json_array(r.started_at, r.complete, r.errors <> '[]', r.fetched, r.window_end - r.window_start))
    FROM (SELECT * FROM sync_runs q WHERE q.site_id = s.id AND (q.api_calls > 0 OR q.errors <> '[]')
      ORDER BY q.started_at DESC LIMIT ${RUNS_KEPT}) r) AS recent_runs
FROM sites s LEFT JOIN sync_state y ON y.site_id = s.id WHERE s.name IN (SELECT value FROM json_each(?1))`;

/** The state of these sites by name, in one statement; creates new sites. */
export async function readSyncStates(db: D1Database, siteNames: readonly string[]): Promise<Map<string, SyncState>> {
  const wanted = JSON.stringify(siteNames);
  const read = async () => {
    const { results } = await withD1Retry(() => db.prepare(READ_STATES).bind(wanted).all());
    return z.array(stateRowSchema).parse(results);
  };
  let rows = await read();
  if (rows.length < new Set(siteNames).size) {
    await addSites(db, siteNames);
    rows = await read();
  }
  return new Map(
    rows.map((row) => {
      const { window_start: start, window_end: end, window_from: from, cursor, page_size: size } = row;
      const isOpen = start !== null && end !== null && from !== null;
      const open = isOpen ? { range: { start, end }, at: { from, cursor } } : null;
      const { page_failures: failures, page_retry_at: retryAt, page_reason: reason } = row;
      const smallerPages = size === null ? null : { size, failures, retryAt, reason };
      const {
        id: siteId,
        name,
        catalog_at: catalogAt,
        watermark,
        served_to: servedTo,
        newest_sample: newestSample,
      } = row;
      const progress = { watermark, servedTo, newestSample, open, smallerPages };
      return [
        name,
        { siteId, name, recentRuns: parsePastRuns(row.recent_runs), catalogAt, ...progress, pause: pauseOf(row) },
      ];
    }),
  );
}

/** Saves the progress of a window. It runs in the transaction that stores the page. */
export function saveProgress(
  db: D1Database,
  siteId: number,
  progress: OpenWindow | EndedWindow,
  now: number,
): D1PreparedStatement {
  return "at" in progress ? movePosition(db, siteId, progress, now) : endWindow(db, siteId, progress, now);
}

/** Saves the start of a window's next page. */
function movePosition(db: D1Database, siteId: number, { range, at }: OpenWindow, now: number): D1PreparedStatement {
  return db
    .prepare(
      `INSERT INTO sync_state (site_id, window_start, window_end, window_from, cursor, updated_at)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6)
       ON CONFLICT (site_id) DO UPDATE SET window_start = ?2, window_end = ?3, window_from = ?4, cursor = ?5, updated_at = ?6`,
    )
    .bind(siteId, range.start, range.end, at.from, at.cursor, now);
}

/**
 * Ends a window that the API proved to have ended, and moves the watermark to its end. The watermark never moves back,
 * so overlapping runs do not undo each other. It never moves over a gap: if it stands before this window, because an
 * operator set it back, it stays. Late samples are counted from the first ended window on (store/store-samples.ts).
 */
export function endWindow(
  db: D1Database,
  siteId: number,
  { range, servedTo, newest }: EndedWindow,
  now: number,
): D1PreparedStatement {
  return db
    .prepare(
      `INSERT INTO sync_state (site_id, watermark, served_to, newest_sample, watched_from, updated_at)
       VALUES (?1, ?3, ?5, ?6, ?4, ?4)
       ON CONFLICT (site_id) DO UPDATE SET watched_from = coalesce(watched_from, ?4),
         watermark = CASE WHEN watermark IS NULL OR watermark BETWEEN ?2 AND ?3 THEN ?3 ELSE watermark END,
         served_to = max(coalesce(served_to, ?5), ?5),
         newest_sample = coalesce(max(newest_sample, ?6), newest_sample, ?6),
         window_start = NULL, window_end = NULL, window_from = NULL, cursor = NULL, updated_at = ?4`,
    )
    .bind(siteId, range.start, range.end, now, servedTo, newest);
}

/**
 * Moves the watermark over time that is left to settling. It runs in the transaction that marks the days between as
 * due, and only if the watermark is unchanged and no window is open.
 */
export function moveOver(
  db: D1Database,
  siteId: number,
  { from, to }: { readonly from: number; readonly to: number },
  now: number,
): D1PreparedStatement {
  return db
    .prepare(
      `UPDATE sync_state SET watermark = ?3, served_to = max(coalesce(served_to, ?3), ?3), updated_at = ?4
       WHERE site_id = ?1 AND watermark = ?2 AND window_start IS NULL`,
    )
    .bind(siteId, from, to, now);
}

/** Remembers the size of a site's pages; null: the setting's. */
export async function rememberPageSize(
  db: D1Database,
  siteId: number,
  smaller: SmallerPages | null,
  now: number,
): Promise<void> {
  const statement = db
    .prepare(
      `INSERT INTO sync_state (site_id, page_size, page_failures, page_retry_at, page_reason, updated_at)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6)
       ON CONFLICT (site_id) DO UPDATE SET page_size = ?2, page_failures = ?3, page_retry_at = ?4, page_reason = ?5, updated_at = ?6`,
    )
    .bind(
      siteId,
      smaller?.size ?? null,
      smaller?.failures ?? null,
      smaller?.retryAt ?? null,
      smaller?.reason ?? null,
      now,
    );
  await withD1Retry(() => statement.run());
}

/** Pauses a site's sync. An existing pause stays unchanged. */
export async function pauseSite(db: D1Database, siteId: number, { since, by, reason }: Pause): Promise<void> {
  const statement = db
    .prepare(
      `INSERT INTO sync_state (site_id, paused_at, paused_by, pause_reason, updated_at) VALUES (?1, ?2, ?3, ?4, ?2)
       ON CONFLICT (site_id) DO UPDATE SET paused_at = ?2, paused_by = ?3, pause_reason = ?4 WHERE paused_at IS NULL`,
    )
    .bind(siteId, since, JSON.stringify(by), reason);
  await withD1Retry(() => statement.run());
}

/** Ends a pause: the next sync continues at the watermark, or in the open window. */
export async function resumeSite(db: D1Database, siteId: number): Promise<void> {
  const statement = db
    .prepare("UPDATE sync_state SET paused_at = NULL, paused_by = NULL, pause_reason = NULL WHERE site_id = ?1")
    .bind(siteId);
  await withD1Retry(() => statement.run());
}
