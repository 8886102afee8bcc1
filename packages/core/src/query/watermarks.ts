import { z } from "zod";
import { withD1Retry } from "../d1/retry.ts";

const READ_WATERMARKS = `
SELECT s.name, y.watermark FROM sites s JOIN sync_state y ON y.site_id = s.id
WHERE y.watermark IS NOT NULL AND s.name IN (SELECT value FROM json_each(?1))`;

/**
 * The time up to which each site's data is complete, epoch ms. A site without a finished sync window is absent. Uses
 * one statement and writes nothing, unlike the sync's read of its state.
 */
export async function readWatermarks(db: D1Database, siteNames: readonly string[]): Promise<Map<string, number>> {
  const statement = db.prepare(READ_WATERMARKS).bind(JSON.stringify(siteNames));
  const { results } = await withD1Retry(() => statement.all());
  const rows = z.array(z.object({ name: z.string(), watermark: z.int() })).parse(results);
  return new Map(rows.map(({ name, watermark }) => [name, watermark]));
}
