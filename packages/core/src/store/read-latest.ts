import { z } from "zod";
import { type Backoff, withD1Retry } from "../d1/retry.ts";
import { blockOf, blocksOf } from "../domain/block.ts";
import { forgetLatest } from "./forget-latest.ts";
import { type LatestSample, LatestRows, latestStatement } from "./latest.ts";

/**
 * The newest sample of each point that came through a segment, by point id; it costs a row read per block. If the
 * point's day has a file, the file's sample of that time wins. A point without a segment is absent. A damaged row is
 * rebuilt first.
 * @throws the error of D1, after retries
 */
export async function readLatest(
  db: D1Database,
  pointIds: readonly number[],
  backoff?: Backoff,
): Promise<Map<number, LatestSample>> {
  const read = async () => {
    const { results } = await withD1Retry(() => latestStatement(db, blocksOf(pointIds)).all(), backoff);
    return new LatestRows(results);
  };
  let rows = await read();
  if (rows.damaged.size > 0) {
    for (const siteId of await sitesOf(db, pointIds, rows.damaged)) await forgetLatest(db, siteId, () => false);
    rows = await read();
  }
  return new Map(
    pointIds.flatMap((id) => {
      const latest = rows.get(id);
      return latest === undefined ? [] : [[id, latest]];
    }),
  );
}

const sitesSchema = z.array(z.object({ site_id: z.int() }));

/** The sites that own points in some blocks. */
async function sitesOf(db: D1Database, pointIds: readonly number[], blocks: ReadonlySet<number>): Promise<number[]> {
  const ids = JSON.stringify(pointIds.filter((id) => blocks.has(blockOf(id))));
  const { results } = await withD1Retry(() =>
    db.prepare("SELECT DISTINCT site_id FROM points WHERE id IN (SELECT value FROM json_each(?1))").bind(ids).all(),
  );
  return sitesSchema.parse(results).map(({ site_id: siteId }) => siteId);
}
