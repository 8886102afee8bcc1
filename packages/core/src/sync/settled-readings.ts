import { z } from "zod";
import { pathSql, blockDayKeySql } from "../rollups/block-day-key.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { withD1Retry } from "../d1/retry.ts";
import { DAY_MS } from "../domain/day.ts";
import { hourOf } from "../domain/hour.ts";
import type { PointSamples } from "../domain/samples.ts";

/**
 * Of some points, those whose day has a file with their samples and whose hour is not hot. ?1: site, ?2: JSON array of
 * [point id, hour].
 */
const ARCHIVED = `
SELECT k.value ->> 0 AS id FROM json_each(?2) k
CROSS JOIN day_files f ON f.site_id = ?1 AND f.day = (k.value ->> 1) / ${DAY_MS} AND f.state = 'written'
CROSS JOIN block_days d ON d.key = ${blockDayKeySql("k.value ->> 0", "f.day")} AND d.places ->> ${pathSql("(k.value ->> 0)", "[2]")} IS NOT NULL
WHERE NOT EXISTS (SELECT 1 FROM hot_hours h WHERE h.site_id = ?1 AND h.hour = k.value ->> 1)`;

const rowsSchema = z.array(z.object({ id: z.int() }));

/**
 * Finds samples that are proven to be in their day's file: storing one again would only cause the file to be built
 * again. A point's `last_seen` is the time of a stored sample, so only a sample at exactly that time is proven. A value
 * that changed after its day was settled counts as proven too.
 * @returns their indexes
 * @throws the error of D1, after retries
 */
export async function findSettled(
  db: D1Database,
  siteId: number,
  catalog: Catalog,
  samples: PointSamples,
): Promise<ReadonlySet<number>> {
  const lastSeen = new Map([...catalog.values()].map((point) => [point.id, point.lastSeen]));
  const known = [...samples.pointIds.keys()].filter((i) => lastSeen.get(samples.pointIds[i]!) === samples.times[i]);
  if (known.length === 0) return new Set();
  const hours = known.map((i) => [samples.pointIds[i], hourOf(samples.times[i]!)]);
  const statement = db.prepare(ARCHIVED).bind(siteId, JSON.stringify(hours));
  const { results } = await withD1Retry(() => statement.all());
  const settled = new Set(rowsSchema.parse(results).map(({ id }) => id));
  return new Set(known.filter((i) => settled.has(samples.pointIds[i]!)));
}
