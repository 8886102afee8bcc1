import { z } from "zod";
import { jsonChunks, MAX_UNICODE_CHARS } from "../d1/json-chunks.ts";
import { withD1Retry } from "../d1/retry.ts";
import { DAY_MS } from "../domain/day.ts";
import type { TimeRange } from "../domain/time-range.ts";
import { type Gap, GAP_CAUSES, GAP_STATES, type GapState } from "./gap.ts";
import type { Changes } from "./reconcile.ts";

/** How long gaps that are over are kept, in days: as long as people compare a month with that of the year before. */
const RESOLVED_DAYS = 400;

/** In place of the end of a gap that went on, in JSON and in comparisons of SQL: no time is later. */
const NO_END = Number.MAX_SAFE_INTEGER;

/** As {@link parseGaps} reads them. */
export const GAP_COLUMNS = `site_id, start, point_id, end, state, cause, detected_at, resolved_at, attempts, next_attempt_at,
  last_error, proofs, proof_began_at, proved_to, filled_to, recovered`;

const rowSchema = z.object({
  site_id: z.int(),
  start: z.int(),
  point_id: z.int(),
  end: z.int().nullable(),
  state: z.enum(GAP_STATES),
  cause: z.enum(GAP_CAUSES),
  detected_at: z.int(),
  resolved_at: z.int().nullable(),
  attempts: z.int(),
  next_attempt_at: z.int(),
  last_error: z.string().nullable(),
  proofs: z.int(),
  proof_began_at: z.int().nullable(),
  proved_to: z.int().nullable(),
  filled_to: z.int().nullable(),
  recovered: z.int(),
});

/** Reads the rows of a query that selects all columns of `gaps`. @throws {z.ZodError} where one is not ours */
export function parseGaps(results: unknown): Gap[] {
  return z
    .array(rowSchema)
    .parse(results)
    .map((row) => ({
      siteId: row.site_id,
      start: row.start,
      pointId: row.point_id,
      end: row.end ?? Number.POSITIVE_INFINITY,
      state: row.state,
      cause: row.cause,
      detectedAt: row.detected_at,
      resolvedAt: row.resolved_at,
      attempts: row.attempts,
      nextAttemptAt: row.next_attempt_at,
      lastError: row.last_error,
      proofs: row.proofs,
      proofBeganAt: row.proof_began_at,
      provedTo: row.proved_to,
      filledTo: row.filled_to,
      recovered: row.recovered,
    }));
}

/** The columns of a row, in their order, with which SQL finds and writes it. */
export function gapJson(gap: Gap): string {
  const { siteId, start, pointId, state, cause, detectedAt, resolvedAt, recovered } = gap;
  const end = Number.isFinite(gap.end) ? gap.end : null;
  const { attempts, nextAttemptAt, lastError, proofs, proofBeganAt, provedTo, filledTo } = gap;
  const inquiry = [attempts, nextAttemptAt, lastError, proofs, proofBeganAt, provedTo, filledTo];
  return JSON.stringify([siteId, start, pointId, end, state, cause, detectedAt, resolvedAt, ...inquiry, recovered]);
}

/** Those of a site that a range touches and that may still change. ?1: site, ?2 and ?3: range. */
const READ_CURRENT = `
SELECT ${GAP_COLUMNS} FROM gaps
WHERE site_id = ?1 AND state <> 'repaired' AND start <= ?3 AND coalesce(end, ${NO_END}) >= ?2 ORDER BY start`;

export function currentGapsStatement(db: D1Database, siteId: number, { start, end }: TimeRange): D1PreparedStatement {
  return db.prepare(READ_CURRENT).bind(siteId, start, Math.min(end, NO_END));
}

/** The site's gaps are as they were read. ?1: site, ?2: token. */
const IS_CURRENT = "EXISTS (SELECT 1 FROM gap_sites WHERE site_id = ?1 AND token = ?2)";

/** ?3: JSON array of [start, point id]. */
const REMOVE = `
DELETE FROM gaps WHERE site_id = ?1 AND ${IS_CURRENT}
  AND (start, point_id) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?3))`;

/** ?3: JSON array of rows. */
const WRITE = `
INSERT OR REPLACE INTO gaps (${GAP_COLUMNS})
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
  value ->> 8, value ->> 9, value ->> 10, value ->> 11, value ->> 12, value ->> 13, value ->> 14, value ->> 15
FROM json_each(?3) WHERE ${IS_CURRENT}`;

/** For so long the gaps of a point that is not configured any more are kept, in days: it may be listed again. */
const RETIRED_DAYS = 7;

/** Gaps of points that are not collected any more are none: nothing is asked about them. ?3: those due before this, epoch ms. */
const REMOVE_RETIRED = `
DELETE FROM gaps WHERE site_id = ?1 AND state = 'open' AND next_attempt_at < ?3 AND ${IS_CURRENT}
  AND point_id IN (SELECT id FROM points WHERE site_id = ?1 AND configured = 0)`;

const PRINT_DAY = `
INSERT INTO gap_days (site_id, day, print) SELECT ?1, ?3, ?4 WHERE ${IS_CURRENT}
ON CONFLICT (site_id, day) DO UPDATE SET print = ?4 WHERE print <> ?4`;

const MOVE_TOKEN = "UPDATE gap_sites SET token = ?3 WHERE site_id = ?1 AND token = ?2";

const tokenSchema = z.object({ token: z.string() });

/**
 * Writes what a look at a day came to, all of it or nothing, and only where no other detection was faster. Safe to repeat.
 * @param token of the site's gaps as they were read
 * @param day and what it was; null: more of it is to be written
 * @returns the new token; null: it was not written
 */
export async function writeChanges(
  db: D1Database,
  siteId: number,
  token: string,
  { removed, written }: Changes,
  day: { readonly day: number; readonly print: string } | null,
  now: number,
): Promise<string | null> {
  const next = crypto.randomUUID();
  const bind = (sql: string, ...more: (string | number)[]) => db.prepare(sql).bind(siteId, token, ...more);
  const keys = JSON.stringify(removed.map(({ start, pointId }) => [start, pointId]));
  const results = await withD1Retry(() =>
    db.batch([
      ...(removed.length === 0 ? [] : [bind(REMOVE, keys)]),
      ...[...jsonChunks(written, gapJson, MAX_UNICODE_CHARS)].map(({ json }) => bind(WRITE, json)),
      bind(REMOVE_RETIRED, now - RETIRED_DAYS * DAY_MS),
      ...(day === null ? [] : [bind(PRINT_DAY, day.day, day.print)]),
      bind(MOVE_TOKEN, next),
      db.prepare("SELECT token FROM gap_sites WHERE site_id = ?1").bind(siteId),
    ]),
  );
  return tokenSchema.parse(results.at(-1)?.results[0]).token === next ? next : null;
}

/** Where a page of gaps ended. */
export interface GapPosition {
  readonly start: number;
  readonly siteId: number;
  readonly pointId: number;
}

/**
 * Where a page of the gaps of several databases goes on in one of them. Of one start the databases come in the order of
 * their numbers.
 * @param after where the page before ended, and in which database
 */
export function gapsAfter(after: GapPosition & { readonly database: number }, database: number): GapPosition {
  if (database === after.database) return after;
  const sitesDone = database < after.database ? Number.MAX_SAFE_INTEGER : 0;
  return { start: after.start, siteId: sitesDone, pointId: 0 };
}

export interface GapFilter extends TimeRange {
  readonly siteIds: readonly number[];
  readonly state?: GapState | undefined;
  /** besides those of the whole site; absent: of all points */
  readonly pointIds?: readonly number[] | undefined;
}

/** Newest first. ?1: JSON array of sites, ?2 and ?3: range, ?4: state, ?5: points, ?6 to ?8: position, ?9: limit. */
const LIST = `
SELECT ${GAP_COLUMNS} FROM gaps
WHERE site_id IN (SELECT value FROM json_each(?1)) AND start < ?3 AND coalesce(end, ${NO_END}) > ?2
  AND (?4 IS NULL OR state = ?4)
  AND (?5 IS NULL OR point_id = 0 OR point_id IN (SELECT value FROM json_each(?5)))
  AND (start < ?6 OR (start = ?6 AND (site_id > ?7 OR (site_id = ?7 AND point_id > ?8))))
ORDER BY start DESC, site_id, point_id LIMIT ?9`;

/** Gaps that touch a range, newest first. @param after where the page before ended */
export async function listGaps(
  db: D1Database,
  { siteIds, state, pointIds, start, end }: GapFilter,
  limit: number,
  after: GapPosition = { start: NO_END, siteId: 0, pointId: 0 },
): Promise<Gap[]> {
  const points = pointIds === undefined ? null : JSON.stringify(pointIds);
  const range = [Math.max(start, -NO_END), Math.min(end, NO_END)] as const;
  const position = [after.start, after.siteId, after.pointId] as const;
  const statement = db.prepare(LIST).bind(JSON.stringify(siteIds), ...range, state ?? null, points, ...position, limit);
  const { results } = await withD1Retry(() => statement.all());
  return parseGaps(results);
}

/** Forgets gaps that have been over for 400 days. @param now epoch ms @returns their number */
export async function pruneGaps(db: D1Database, now: number): Promise<number> {
  const statement = db
    .prepare("DELETE FROM gaps WHERE state <> 'open' AND resolved_at < ?1")
    .bind(now - RESOLVED_DAYS * DAY_MS);
  return (await withD1Retry(() => statement.run())).meta.changes;
}
