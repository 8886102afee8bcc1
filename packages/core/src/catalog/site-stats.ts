import { z } from "zod";
import { HOUR_MS, hourOf } from "../domain/hour.ts";
import { withD1Retry } from "../d1/retry.ts";
import type { DatabaseSites } from "../d1/site-databases.ts";
import { DAY_MS } from "../domain/day.ts";
import { blockSql, segmentKeySql } from "../store/segment-key.ts";

/** Sizes of both levels, by look-ups and short scans: counting every row would read gigabytes. */
export interface StoreStats {
  readonly database: { readonly bytes: number };
  /** the first and the last UTC hour of all sites with a sample that is in no day file; null: none */
  readonly hours: { readonly oldest: string | null; readonly newest: string | null };
  readonly sites: SiteStats[];
}

/** Sizes of several databases, in sum and each. @param lost databases that do not answer, which add nothing here */
export function joinStats(
  stats: readonly (readonly [binding: string, StoreStats])[],
  lost: readonly DatabaseSites[],
): StoreStats & {
  /** `bytes` null: the database does not answer */
  readonly databases: readonly { readonly binding: string; readonly bytes: number | null }[];
  /** the sites of the databases that do not answer */
  readonly unknown_sites: readonly string[];
} {
  const all = stats.map(([, siteStats]) => siteStats);
  const hours = (bound: "oldest" | "newest") => all.flatMap(({ hours: ofDatabase }) => ofDatabase[bound] ?? []).sort();
  return {
    database: { bytes: all.reduce((sum, { database }) => sum + database.bytes, 0) },
    databases: [
      ...stats.map(([binding, { database }]) => ({ binding, bytes: database.bytes })),
      ...lost.map(({ binding }) => ({ binding, bytes: null })),
    ],
    hours: { oldest: hours("oldest")[0] ?? null, newest: hours("newest").at(-1) ?? null },
    sites: all.flatMap(({ sites }) => sites).sort((a, b) => (a.name < b.name ? -1 : 1)),
    unknown_sites: lost.flatMap(({ sites }) => sites.map(({ name }) => name)),
  };
}

interface SiteStats {
  readonly name: string;
  readonly points: { readonly total: number; readonly configured: number; readonly discovered: number };
  /** hot segments with samples of the last closed UTC hour */
  readonly rows_last_hour: number;
  /** samples that the syncs of the last 24 hours stored */
  readonly samples_stored_24h: number;
  /** whole day files in R2 */
  readonly cold: { readonly days: number; readonly samples: number; readonly bytes: number };
  /** month files in R2, which are copies of the day files */
  readonly months: { readonly files: number; readonly bytes: number };
}

/** In SQL: the day of a row of `hot_hours`. */
const DAY_OF_HOUR = `h.hour / ${DAY_MS}`;

/** ?1: JSON array of site names, ?2: the last closed hour, ?3: 24 hours ago, epoch ms. */
const SITE_STATS = `
SELECT s.name,
  (SELECT count(*) FROM points p WHERE p.site_id = s.id) AS total,
  (SELECT count(*) FROM points p WHERE p.site_id = s.id AND p.configured = 1) AS configured,
  (SELECT count(*) FROM points p WHERE p.site_id = s.id AND p.source = 'discovered') AS discovered,
  (SELECT count(*) FROM hot_hours h CROSS JOIN (SELECT DISTINCT ${blockSql("id")} AS block FROM points WHERE site_id = s.id) b
    CROSS JOIN segments g ON g.key >= ${segmentKeySql("b.block", DAY_OF_HOUR)} + h.first_stamp
      AND g.key <= ${segmentKeySql("b.block", DAY_OF_HOUR)} + h.version
    WHERE h.site_id = s.id AND h.hour = ?2) AS rows_last_hour,
  (SELECT coalesce(sum(r.inserted), 0) FROM sync_runs r
    WHERE r.site_id = s.id AND r.started_at >= ?3) AS samples_stored_24h,
  (SELECT json_object('days', count(*), 'samples', coalesce(sum(f.rows), 0), 'bytes', coalesce(sum(f.bytes), 0))
    FROM day_files f WHERE f.site_id = s.id AND f.state = 'written') AS cold,
  (SELECT json_object('files', count(*), 'bytes', coalesce(sum(m.bytes), 0))
    FROM month_files m WHERE m.site_id = s.id AND m.etag IS NOT NULL) AS months
FROM sites s WHERE s.name IN (SELECT value FROM json_each(?1)) ORDER BY s.name`;

const json = z.string().transform((text): unknown => JSON.parse(text));
const siteStatsSchema = z.object({
  name: z.string(),
  total: z.int(),
  configured: z.int(),
  discovered: z.int(),
  rows_last_hour: z.int(),
  samples_stored_24h: z.int(),
  cold: json.pipe(z.object({ days: z.int(), samples: z.int(), bytes: z.int() })),
  months: json.pipe(z.object({ files: z.int(), bytes: z.int() })),
});
const hoursSchema = z.object({ oldest: z.int().nullable(), newest: z.int().nullable() });

/** @param now epoch ms */
export async function readSiteStats(db: D1Database, siteNames: readonly string[], now: number): Promise<StoreStats> {
  const hour = hourOf(now);
  const [sites, hours] = await withD1Retry(() =>
    db.batch([
      db.prepare(SITE_STATS).bind(JSON.stringify(siteNames), hour - HOUR_MS, now - DAY_MS),
      db.prepare("SELECT min(hour) AS oldest, max(hour) AS newest FROM hot_hours"),
    ]),
  );
  const range = hoursSchema.parse(hours?.results[0]);
  const iso = (at: number | null) => (at === null ? null : new Date(at).toISOString());
  return {
    database: { bytes: hours?.meta.size_after ?? 0 },
    hours: { oldest: iso(range.oldest), newest: iso(range.newest) },
    sites: z
      .array(siteStatsSchema)
      .parse(sites?.results)
      .map(({ name, total, configured, discovered, ...counts }) => ({
        name,
        points: { total, configured, discovered },
        ...counts,
      })),
  };
}
