import { z } from "zod";
import { withD1Retry } from "../d1/retry.ts";
import type { TimeRange } from "../domain/time-range.ts";
import { type Gap, GAP_CAUSES, GAP_STATES, type GapState } from "./gap.ts";

/** Stands for the end of an ongoing gap in JSON and in SQL comparisons. No time is later. */
const NO_END = Number.MAX_SAFE_INTEGER;

// Reads `gaps`; write-gaps.ts writes it.

/** The columns that {@link parseGaps} reads. */
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

/** Parses the rows of a query that selects {@link GAP_COLUMNS}. @throws {z.ZodError} for a malformed row */
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

/** A site's open and confirmed-empty gaps that touch a range. ?1: site, ?2 and ?3: range. */
const READ_CURRENT = `
SELECT ${GAP_COLUMNS} FROM gaps
WHERE site_id = ?1 AND state <> 'repaired' AND start <= ?3 AND coalesce(end, ${NO_END}) >= ?2 ORDER BY start`;

export function currentGapsStatement(db: D1Database, siteId: number, { start, end }: TimeRange): D1PreparedStatement {
  return db.prepare(READ_CURRENT).bind(siteId, start, Math.min(end, NO_END));
}

/**
 * Gaps of points that are not configured are left out, because samples of such points are not stored. ?1: site, ?2:
 * now.
 */
const READ_DUE = `
SELECT ${GAP_COLUMNS} FROM gaps WHERE site_id = ?1 AND state = 'open' AND next_attempt_at <= ?2
  AND NOT EXISTS (SELECT 1 FROM points p WHERE p.id = gaps.point_id AND p.configured = 0) ORDER BY start`;

/** A site's open gaps whose next attempt is due. @param now epoch ms */
export async function readDueGaps(db: D1Database, siteId: number, now: number): Promise<Gap[]> {
  const { results } = await withD1Retry(() => db.prepare(READ_DUE).bind(siteId, now).all());
  return parseGaps(results);
}

/** Position after a page of gaps. */
export interface GapPosition {
  readonly start: number;
  readonly siteId: number;
  readonly pointId: number;
}

/**
 * Where the next page begins in one of several databases. Gaps with the same start are ordered by database number.
 * @param after end of the page before, and its database
 */
export function gapsAfter(after: GapPosition & { readonly database: number }, database: number): GapPosition {
  if (database === after.database) return after;
  const sitesDone = database < after.database ? Number.MAX_SAFE_INTEGER : 0;
  return { start: after.start, siteId: sitesDone, pointId: 0 };
}

export interface GapFilter extends TimeRange {
  readonly siteIds: readonly number[];
  readonly state?: GapState | undefined;
  /** points besides the whole site; absent: all points */
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

/** Gaps that touch a range, newest first. @param after end of the page before */
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
