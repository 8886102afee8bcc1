import { z } from "zod";
import type { Backoff } from "../src/d1/retry.ts";
import type { PointSamples } from "../src/domain/samples.ts";
import { addMissingSamples, type StoredCounts, storeSamples } from "../src/store/store-samples.ts";

/** Later than any clock of a test, so that what is stored here has the last word; and rising. */
let asked = 4_000_000_000_000;

/** The site that has a point; the only one where the point is not known. */
async function siteOf(db: D1Database, pointId: number | undefined): Promise<number> {
  const find = db.prepare("SELECT coalesce((SELECT site_id FROM points WHERE id = ?1), (SELECT min(id) FROM sites)) AS id");
  return z.object({ id: z.int() }).parse(await find.bind(pointId ?? 0).first()).id;
}

/** Stores samples of one site's points, over all that is stored at their times. */
export async function upsertSamples(
  db: D1Database,
  samples: PointSamples,
  alongside: readonly D1PreparedStatement[] = [],
  backoff?: Backoff,
  now: () => number = Date.now,
): Promise<StoredCounts> {
  const siteId = await siteOf(db, samples.pointIds[0]);
  return storeSamples({ db, siteId, now, ...(backoff === undefined ? {} : { backoff }) }, samples, asked++, alongside);
}

/** Stores samples of one site's points where none is at their time. */
export async function addSamples(
  db: D1Database,
  samples: PointSamples,
  alongside: readonly D1PreparedStatement[] = [],
): Promise<StoredCounts> {
  const siteId = await siteOf(db, samples.pointIds[0]);
  return addMissingSamples({ db, siteId, now: Date.now }, samples, 0, alongside);
}
