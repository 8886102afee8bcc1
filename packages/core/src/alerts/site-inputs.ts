import { z } from "zod";
import { withD1Retry } from "../d1/retry.ts";
import { HOUR_MS } from "../domain/hour.ts";
import type { SiteInput } from "./conditions.ts";

/**
 * Unconfigured points are a choice, and of two samples in one millisecond only one is stored: neither counts as an
 * error. ?1: JSON array of site names, ?2: an hour ago.
 */
const SITE_INPUTS = `
SELECT s.name AS site, total(r.fetched) AS fetched,
  total(r.failed + (SELECT total(j.value) FROM json_each(r.rejected) j WHERE j.key NOT IN ('unconfigured', 'same_millisecond'))) AS errors,
  y.paused_at IS NOT NULL AS isPaused,
  y.watermark, y.newest_sample AS newestSample,
  (SELECT min(f.started_at) FROM sync_runs f WHERE f.site_id = s.id) AS firstSync,
  (SELECT min(coalesce(d.failing_since, d.due_at)) FROM settle_days d WHERE d.site_id = s.id) AS dueSince
FROM sites s
LEFT JOIN sync_state y ON y.site_id = s.id
LEFT JOIN sync_runs r ON r.site_id = s.id AND r.started_at >= ?2
WHERE s.name IN (SELECT value FROM json_each(?1)) GROUP BY s.id`;

const rowSchema = z.object({
  site: z.string(),
  fetched: z.number(),
  errors: z.number(),
  watermark: z.int().nullable(),
  newestSample: z.int().nullable(),
  firstSync: z.int().nullable(),
  dueSince: z.int().nullable(),
  isPaused: z.literal([0, 1]).transform((flag) => flag === 1),
});
const inputSchema = rowSchema.transform(({ watermark, ...row }) => ({
  ...row,
  completeTo: watermark ?? row.firstSync,
}));

/**
 * The inputs of each site from the journal, and the size of the database in bytes, in one statement. @param now epoch
 * ms
 */
export async function readSiteInputs(
  db: D1Database,
  sites: readonly string[],
  now: number,
): Promise<{ sites: SiteInput[]; databaseBytes: number | null }> {
  const statement = db.prepare(SITE_INPUTS).bind(JSON.stringify(sites), now - HOUR_MS);
  const { results, meta } = await withD1Retry(() => statement.all());
  return { sites: z.array(inputSchema).parse(results), databaseBytes: meta.size_after > 0 ? meta.size_after : null };
}
