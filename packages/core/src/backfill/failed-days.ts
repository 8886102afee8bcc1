import { z } from "zod";
import { withD1Retry } from "../d1/retry.ts";
import { type PlacedSite, storeOf } from "./backfill-site.ts";
import type { DayRange } from "./date-range.ts";

/**
 * The outcome of the last attempt at each day, over all jobs. The manifest cannot tell, because a failure leaves an
 * older file in place. Append conditions and `GROUP BY site_id, day`; `max` picks the row of `outcome`.
 */
export const LAST_ATTEMPTS = `
SELECT site_id, day, outcome, max(finished_at) FROM backfill_days WHERE outcome NOT IN ('pending', 'skipped')`;

const spanSchema = z.object({ first: z.int().nullable(), last: z.int().nullable() });

/** ?1 JSON array of site ids, ?2 first day, ?3 last day. */
const FAILED_FILES = `
SELECT min(f.day) AS first, max(f.day) AS last FROM json_each(?1) s CROSS JOIN day_files f ON f.site_id = s.value
WHERE f.state IN ('failed', 'suspect') AND f.day BETWEEN ?2 AND ?3`;
const FAILED_ATTEMPTS = `
SELECT min(day) AS first, max(day) AS last FROM (${LAST_ATTEMPTS}
  AND site_id IN (SELECT value FROM json_each(?1)) AND day BETWEEN ?2 AND ?3 GROUP BY site_id, day)
WHERE outcome IN ('failed', 'suspect')`;

/**
 * The span of these sites' days in a range that `startJob` would select as failed; null: no such day. A job may begin
 * in between, so `startJob` selects again.
 */
export async function failedSpan(
  db: D1Database,
  sites: readonly PlacedSite[],
  range: DayRange,
): Promise<DayRange | null> {
  const read = async (from: D1Database, sql: string, ids: readonly number[]) => {
    const statement = from.prepare(sql).bind(JSON.stringify(ids), range.first, range.last);
    return spanSchema.parse(await withD1Retry(() => statement.first()));
  };
  const stores = Map.groupBy(
    sites.map((site) => storeOf(db, site)),
    (store) => store.db,
  );
  const asIds = (rows: readonly { readonly id: number }[]) => rows.map(({ id }) => id);
  const spans = await Promise.all([
    read(db, FAILED_ATTEMPTS, asIds(sites)),
    ...[...stores].map(([from, inIt]) => read(from, FAILED_FILES, asIds(inIt.map(({ site }) => site)))),
  ]);
  const firsts = spans.flatMap(({ first }) => first ?? []);
  const lasts = spans.flatMap(({ last }) => last ?? []);
  return firsts.length === 0 ? null : { first: Math.min(...firsts), last: Math.max(...lasts) };
}
