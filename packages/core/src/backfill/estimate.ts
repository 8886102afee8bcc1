import { z } from "zod";
import { withD1Retry } from "../d1/retry.ts";
import { DAY_S } from "../domain/day.ts";
import { type PlacedSite, storeOf } from "./backfill-site.ts";
import { type DayRange, dayCount } from "./date-range.ts";
import type { SiteEstimate } from "./plan.ts";

/** An average is taken over this many of the newest files. */
const FILES = 30;

/** ?1 site id, ?2 first day, ?3 last day, ?4 files. */
const OUTLOOK = `
SELECT
  (SELECT count(*) FROM day_files WHERE site_id = ?1 AND day BETWEEN ?2 AND ?3
    AND (state = 'confirmed-empty' OR (state = 'written' AND source = 'api'))) AS finished,
  (SELECT count(*) FROM points WHERE site_id = ?1 AND configured = 1) AS points,
  (SELECT sum(${DAY_S}.0 / coalesce(interval_s, 60)) FROM points WHERE site_id = ?1 AND configured = 1) AS expected,
  (SELECT avg(rows) FROM (SELECT rows FROM day_files WHERE site_id = ?1 AND state = 'written' AND source = 'api'
    ORDER BY day DESC LIMIT ?4)) AS rows,
  (SELECT avg(bytes) FROM (SELECT bytes FROM day_files WHERE site_id = ?1 AND state = 'written' AND source = 'api'
    ORDER BY day DESC LIMIT ?4)) AS bytes`;

const estimateSchema = z.object({
  finished: z.int(),
  points: z.int(),
  expected: z.number().nullable(),
  rows: z.number().nullable(),
  bytes: z.number().nullable(),
});

/** Reads the state of a range's days, site by site. @param again whether finished days are fetched again */
export async function readEstimates(
  db: D1Database,
  sites: readonly PlacedSite[],
  range: DayRange,
  again: boolean,
): Promise<SiteEstimate[]> {
  return Promise.all(
    sites.map(async (placed) => {
      const { name } = placed;
      const stored = storeOf(db, placed);
      const statement = stored.db.prepare(OUTLOOK).bind(stored.site.id, range.first, range.last, FILES);
      const known = estimateSchema.parse(await withD1Retry(() => statement.first()));
      const skipped = again ? 0 : known.finished;
      const samplesPerDay = known.rows ?? known.expected;
      return {
        site: name,
        days: dayCount(range) - skipped,
        skipped,
        samplesPerDay: samplesPerDay === null ? null : Math.round(samplesPerDay),
        bytesPerDay: known.bytes,
        points: known.points,
        basis: known.rows !== null ? "day files" : known.expected !== null ? "catalogue" : "nothing",
      };
    }),
  );
}

/** Slightly low: the calls of the first day were made before its `finished_at`. */
const MS_PER_CALL = `
SELECT (max(finished_at) - min(finished_at)) * 1.0 / nullif(sum(api_calls), 0) AS ms FROM backfill_days
WHERE backfill_id = (SELECT backfill_id FROM backfill_jobs ORDER BY started_at DESC, backfill_id DESC LIMIT 1)
  AND outcome NOT IN ('pending', 'skipped')`;

/** Milliseconds per call of the last backfill, over all sites; null: there was none. */
export async function readMsPerCall(db: D1Database): Promise<number | null> {
  const row = await withD1Retry(() => db.prepare(MS_PER_CALL).first());
  return z.object({ ms: z.number().nullable() }).parse(row).ms;
}
