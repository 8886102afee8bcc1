import { z } from "zod";
import { withD1Retry } from "../d1/retry.ts";
import type { ManifestDay } from "./manifest.ts";

/** What `point_days` has of the file of a day. */
export interface LocatedDay {
  readonly points: number;
  readonly rows: number;
}

/** ?1: site id, ?2 and ?3: first and last day. A point's days lie together. */
const LOCATED_DAYS = `
SELECT d.day AS day, count(*) AS points, sum(d.rows) AS rows FROM points p
CROSS JOIN point_days d ON d.point_day >= p.id * 65536 + ?2 AND d.point_day <= p.id * 65536 + ?3
WHERE p.site_id = ?1 AND d.locator IS NOT NULL GROUP BY d.day`;

const locatedSchema = z.array(z.object({ day: z.int(), points: z.int(), rows: z.int() }));

/** A site's days from the first to the last, both included, of which `point_days` has rows of a file. */
export async function readLocatedDays(
  db: D1Database,
  siteId: number,
  first: number,
  last: number,
): Promise<Map<number, LocatedDay>> {
  const statement = db.prepare(LOCATED_DAYS).bind(siteId, first, last);
  const { results } = await withD1Retry(() => statement.all());
  return new Map(locatedSchema.parse(results).map(({ day, ...located }) => [day, located]));
}

/** Whether D1 knows this object as the day's file, and has as many rows of it as there must be. */
export function isRegistered(
  row: ManifestDay | null,
  object: { readonly key: string; readonly etag: string; readonly size: number },
  located: LocatedDay | null,
): boolean {
  if (row === null || row.file === null || row.state !== "written") return false;
  const { key, etag, bytes, points, rows } = row.file;
  const isThis = key === object.key && etag === object.etag && bytes === object.size;
  return isThis && located?.points === points && located.rows === rows;
}
