import { z } from "zod";
import { jsonChunks, MAX_UNICODE_CHARS } from "../d1/json-chunks.ts";
import { changeRows } from "../d1/change-rows.ts";
import { withD1Retry } from "../d1/retry.ts";
import { DAY_MS } from "../domain/day.ts";
import type { Gap } from "./gap.ts";
import { forgetFingerprints, recordFingerprint } from "./gap-days.ts";
import { IS_CURRENT, moveToken, newToken } from "./gap-sites.ts";
import { GAP_COLUMNS } from "./gap-store.ts";
import type { Changes } from "./reconcile.ts";

// Owner of table `gaps`.

/**
 * Retention of repaired and confirmed-empty gaps, in days: a month can be compared with the same month a year before.
 */
const RESOLVED_DAYS = 400;

/** A row as JSON, in the order of {@link GAP_COLUMNS}. */
function gapJson(gap: Gap): string {
  const { siteId, start, pointId, state, cause, detectedAt, resolvedAt, recovered } = gap;
  const end = Number.isFinite(gap.end) ? gap.end : null;
  const { attempts, nextAttemptAt, lastError, proofs, proofBeganAt, provedTo, filledTo } = gap;
  const inquiry = [attempts, nextAttemptAt, lastError, proofs, proofBeganAt, provedTo, filledTo];
  return JSON.stringify([siteId, start, pointId, end, state, cause, detectedAt, resolvedAt, ...inquiry, recovered]);
}

/** ?1: site, ?2: token, ?3: JSON array of [start, point id]. */
const REMOVE = `
DELETE FROM gaps WHERE site_id = ?1 AND ${IS_CURRENT}
  AND (start, point_id) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?3))`;

/** ?3: JSON array of rows. */
const WRITE = `
INSERT OR REPLACE INTO gaps (${GAP_COLUMNS})
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
  value ->> 8, value ->> 9, value ->> 10, value ->> 11, value ->> 12, value ->> 13, value ->> 14, value ->> 15
FROM json_each(?3) WHERE ${IS_CURRENT}`;

/** How long gaps of points that are no longer configured are kept, in days: a point may be listed again. */
const RETIRED_DAYS = 7;

/**
 * Removes up to 100 gaps of points that are no longer configured, because such points are not asked for. ?3: limit of
 * their next attempt, epoch ms.
 */
const REMOVE_RETIRED = `
DELETE FROM gaps WHERE (site_id, start, point_id) IN (
  SELECT site_id, start, point_id FROM gaps WHERE site_id = ?1 AND state = 'open' AND next_attempt_at < ?3 AND ${IS_CURRENT}
    AND point_id IN (SELECT id FROM points WHERE site_id = ?1 AND configured = 0)
  LIMIT 100
)`;

const tokenSchema = z.object({ token: z.string() });

/**
 * Writes a scan's changes in one batch, unless another detection wrote first. Safe to repeat.
 * @param token of the site's gaps when they were read
 * @param day its new fingerprint; null: further changes of this day follow
 * @returns the new token; null: nothing was written
 */
export async function writeChanges(
  db: D1Database,
  siteId: number,
  token: string,
  { removed, written }: Changes,
  day: { readonly day: number; readonly fingerprint: string } | null,
  now: number,
): Promise<string | null> {
  const next = crypto.randomUUID();
  const bind = (sql: string, ...values: (string | number)[]) => db.prepare(sql).bind(siteId, token, ...values);
  const keys = JSON.stringify(removed.map(({ start, pointId }) => [start, pointId]));
  const results = await withD1Retry(() =>
    db.batch([
      ...(removed.length === 0 ? [] : [bind(REMOVE, keys)]),
      ...[...jsonChunks(written, gapJson, MAX_UNICODE_CHARS)].map(({ json }) => bind(WRITE, json)),
      bind(REMOVE_RETIRED, now - RETIRED_DAYS * DAY_MS),
      ...(day === null ? [] : [recordFingerprint(db, siteId, token, day)]),
      moveToken(db, siteId, token, next),
      db.prepare("SELECT token FROM gap_sites WHERE site_id = ?1").bind(siteId),
    ]),
  );
  return tokenSchema.parse(results.at(-1)?.results[0]).token === next ? next : null;
}

/** ?1: JSON array of rows. Skips gaps that changed meanwhile, because the answers do not apply to them. */
const NOTE_INQUIRY = `
UPDATE gaps SET state = r.value ->> 4, cause = r.value ->> 5, resolved_at = r.value ->> 7, attempts = r.value ->> 8,
  next_attempt_at = r.value ->> 9, last_error = r.value ->> 10, proofs = r.value ->> 11,
  proof_began_at = r.value ->> 12, proved_to = r.value ->> 13, filled_to = r.value ->> 14
FROM json_each(?1) r
WHERE gaps.site_id = r.value ->> 0 AND gaps.start = r.value ->> 1 AND gaps.point_id = r.value ->> 2
  AND gaps.end IS r.value ->> 3 AND gaps.state = 'open' AND gaps.attempts = (r.value ->> 8) - 1`;

/** Gaps per transaction: a changed gap counts as two rows where its entry in the index of open gaps moves. */
const MAX_GAPS_PER_TRANSACTION = 300;

function* transactions<T>(gaps: readonly T[]): Generator<T[]> {
  for (let first = 0; first < gaps.length; first += MAX_GAPS_PER_TRANSACTION) {
    yield gaps.slice(first, first + MAX_GAPS_PER_TRANSACTION);
  }
}

/** A gap after asking for it. */
export interface InquiredGap {
  /** with the attempt counted */
  readonly gap: Gap;
  /** days that were filled, wholly or in part */
  readonly filledDays: readonly number[];
}

/**
 * Stores the results of asking, some gaps a transaction. Safe to repeat.
 * - The same transaction makes the filled days due for a scan and restarts running detections, so a crash between
 * transactions loses nothing.
 * - A gap that was not written stays due.
 */
export async function noteInquiries(db: D1Database, siteId: number, inquired: readonly InquiredGap[]): Promise<void> {
  for (const chunk of transactions(inquired)) {
    const gaps = chunk.map(({ gap }) => gap);
    const notes = [...jsonChunks(gaps, gapJson, MAX_UNICODE_CHARS)].map(({ json }) =>
      db.prepare(NOTE_INQUIRY).bind(json),
    );
    const days = [...new Set(chunk.flatMap(({ filledDays }) => filledDays))];
    const scanAgain = days.length === 0 ? [] : [forgetFingerprints(db, siteId, days), newToken(db, siteId)];
    await withD1Retry(() => db.batch([...notes, ...scanAgain]));
  }
}

/**
 * ?1: site, ?2: JSON array of [start, point id, end, attempts, start of the requested range]. Skips gaps that changed
 * since they were read.
 */
const BEGIN_FILLING = `
UPDATE gaps SET filled_to = coalesce(filled_to, r.value ->> 4) FROM json_each(?2) r
WHERE gaps.site_id = ?1 AND gaps.start = r.value ->> 0 AND gaps.point_id = r.value ->> 1
  AND gaps.end IS r.value ->> 2 AND gaps.attempts = r.value ->> 3 AND gaps.state = 'open'`;

/**
 * Marks gaps as filling before samples are stored in them, so that the rest is asked for again after a crash.
 * - Restarts running detections, because they may have read the samples before.
 * - Writes some gaps a transaction. A marked gap that is never filled is asked for again. Safe to repeat.
 * @param gaps each with the start of its requested range
 * @returns false: a gap changed since it was read, so the answers do not apply
 */
export async function beginFilling(
  db: D1Database,
  siteId: number,
  gaps: readonly { readonly gap: Gap; readonly from: number }[],
): Promise<boolean> {
  for (const chunk of transactions(gaps)) {
    const rows = chunk.map(({ gap: { start, pointId, end, attempts }, from }) => {
      return [start, pointId, Number.isFinite(end) ? end : null, attempts, from];
    });
    const [begun] = await withD1Retry(() =>
      db.batch([db.prepare(BEGIN_FILLING).bind(siteId, JSON.stringify(rows)), newToken(db, siteId)]),
    );
    if (begun?.meta.changes !== chunk.length) return false;
  }
  return true;
}

const PRUNE_SOME = `
DELETE FROM gaps WHERE (site_id, start, point_id) IN (
  SELECT site_id, start, point_id FROM gaps WHERE state <> 'open' AND resolved_at < ?1 LIMIT ?2
)`;

/** Deletes gaps that were resolved over {@link RESOLVED_DAYS} days ago. @param now epoch ms @returns their number */
export function pruneGaps(db: D1Database, now: number): Promise<number> {
  return changeRows((most) => db.prepare(PRUNE_SOME).bind(now - RESOLVED_DAYS * DAY_MS, most));
}
