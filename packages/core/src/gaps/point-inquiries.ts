import { z } from "zod";
import { MAX_ROWS_PER_TRANSACTION } from "../d1/change-rows.ts";
import { withD1Retry } from "../d1/retry.ts";
import { readLatest } from "../store/read-latest.ts";
import type { KnownPoint } from "./silent-points.ts";

/** ?1: site. */
const READ = `
SELECT p.id, p.name, p.interval_s, p.last_seen, coalesce(q.attempts, 0) AS attempts, q.next_at
FROM points p LEFT JOIN point_inquiries q ON q.point_id = p.id
WHERE p.site_id = ?1 AND p.configured = 1 AND p.source = 'catalog'`;

const rowsSchema = z.array(
  z.object({
    id: z.int(),
    name: z.string(),
    interval_s: z.int().nullable(),
    last_seen: z.int().nullable(),
    attempts: z.int(),
    next_at: z.int().nullable(),
  }),
);

/** Reads a site's configured points, with the state of asking for each by name. */
export async function readKnownPoints(db: D1Database, siteId: number): Promise<KnownPoint[]> {
  const { results } = await withD1Retry(() => db.prepare(READ).bind(siteId).all());
  const rows = rowsSchema.parse(results);
  const latest = await readLatest(
    db,
    rows.map(({ id }) => id),
  );
  return rows.map(({ id, name, interval_s: intervalS, last_seen: lastSeen, attempts, next_at: nextAt }) => {
    const times = [latest.get(id)?.time ?? null, lastSeen].filter((time) => time !== null);
    return { id, name, intervalS, newest: times.length === 0 ? null : Math.max(...times), attempts, nextAt };
  });
}

/** ?1: JSON array of [point id, attempts, next time]. */
const NOTE = `
INSERT INTO point_inquiries (point_id, attempts, next_at)
SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?1) WHERE true
ON CONFLICT (point_id) DO UPDATE SET attempts = excluded.attempts, next_at = excluded.next_at`;

export interface InquiryNote {
  readonly pointId: number;
  readonly attempts: number;
  /** epoch ms */
  readonly nextAt: number;
}

/** Stores that points were asked for, in several transactions. A point whose row is lost is asked for again. */
export async function notePointInquiries(db: D1Database, notes: readonly InquiryNote[]): Promise<void> {
  const rows = notes.map(({ pointId, attempts, nextAt }) => [pointId, attempts, nextAt]);
  for (let first = 0; first < rows.length; first += MAX_ROWS_PER_TRANSACTION) {
    const chunk = JSON.stringify(rows.slice(first, first + MAX_ROWS_PER_TRANSACTION));
    await withD1Retry(() => db.prepare(NOTE).bind(chunk).run());
  }
}
