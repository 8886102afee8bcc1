import { jsonChunks, MAX_UNICODE_CHARS } from "../d1/json-chunks.ts";
import { withD1Retry } from "../d1/retry.ts";
import type { Gap } from "./gap.ts";
import { GAP_COLUMNS, gapJson, parseGaps } from "./gap-store.ts";

/** What comes of points that are not configured would not be stored, and prove nothing. ?1: site, ?2: now. */
const READ_DUE = `
SELECT ${GAP_COLUMNS} FROM gaps WHERE site_id = ?1 AND state = 'open' AND next_attempt_at <= ?2
  AND NOT EXISTS (SELECT 1 FROM points p WHERE p.id = gaps.point_id AND p.configured = 0) ORDER BY start`;

/** The gaps of a site that the upstream is to be asked about. @param now epoch ms */
export async function readDueGaps(db: D1Database, siteId: number, now: number): Promise<Gap[]> {
  const { results } = await withD1Retry(() => db.prepare(READ_DUE).bind(siteId, now).all());
  return parseGaps(results);
}

/** ?1: JSON array of rows. Of a gap that changed meanwhile, nothing is known. */
const NOTE_INQUIRY = `
UPDATE gaps SET state = r.value ->> 4, cause = r.value ->> 5, resolved_at = r.value ->> 7, attempts = r.value ->> 8,
  next_attempt_at = r.value ->> 9, last_error = r.value ->> 10, proofs = r.value ->> 11,
  proof_began_at = r.value ->> 12, proved_to = r.value ->> 13, filled_to = r.value ->> 14
FROM json_each(?1) r
WHERE gaps.site_id = r.value ->> 0 AND gaps.start = r.value ->> 1 AND gaps.point_id = r.value ->> 2
  AND gaps.end IS r.value ->> 3 AND gaps.state = 'open' AND gaps.attempts = (r.value ->> 8) - 1`;

/** The days are looked at again. ?1: site, ?2: JSON array of days. */
const FORGET_DAYS = "DELETE FROM gap_days WHERE site_id = ?1 AND day IN (SELECT value FROM json_each(?2))";

/**
 * Notes what came of asking, of gaps with one attempt more than before. Safe to repeat.
 * @param filled days whose gaps are filled, wholly or in part: a detection that is at work begins anew
 */
export async function noteInquiries(
  db: D1Database,
  siteId: number,
  gaps: readonly Gap[],
  filled: readonly number[],
): Promise<void> {
  const notes = [...jsonChunks(gaps, gapJson, MAX_UNICODE_CHARS)].map(({ json }) =>
    db.prepare(NOTE_INQUIRY).bind(json),
  );
  if (notes.length === 0) return;
  const lookAgain =
    filled.length === 0 ? [] : [db.prepare(FORGET_DAYS).bind(siteId, JSON.stringify(filled)), newToken(db, siteId)];
  await withD1Retry(() => db.batch([...notes, ...lookAgain]));
}

/** ?1: site, ?2: JSON array of [start, point id, end, attempts, from where it is asked for]. Of gaps that are as they were read. */
const BEGIN_FILLING = `
UPDATE gaps SET filled_to = coalesce(filled_to, r.value ->> 4) FROM json_each(?2) r
WHERE gaps.site_id = ?1 AND gaps.start = r.value ->> 0 AND gaps.point_id = r.value ->> 1
  AND gaps.end IS r.value ->> 2 AND gaps.attempts = r.value ->> 3 AND gaps.state = 'open'`;

/**
 * Notes of gaps that samples are about to be stored in them, before they are: whatever stops then, what follows is asked for
 * again. A detection that is at work begins anew, for it may have read them before. Safe to repeat.
 * @param gaps with from where each is asked for
 * @returns false: one has changed since it was read, so nothing is known of it
 */
export async function beginFilling(
  db: D1Database,
  siteId: number,
  gaps: readonly { readonly gap: Gap; readonly from: number }[],
): Promise<boolean> {
  const rows = gaps.map(({ gap: { start, pointId, end, attempts }, from }) => {
    return [start, pointId, Number.isFinite(end) ? end : null, attempts, from];
  });
  const [begun] = await withD1Retry(() =>
    db.batch([db.prepare(BEGIN_FILLING).bind(siteId, JSON.stringify(rows)), newToken(db, siteId)]),
  );
  return begun?.meta.changes === gaps.length;
}

/** What a detection has read, is not what it was any more. */
function newToken(db: D1Database, siteId: number): D1PreparedStatement {
  return db.prepare("UPDATE gap_sites SET token = ?2 WHERE site_id = ?1").bind(siteId, crypto.randomUUID());
}
