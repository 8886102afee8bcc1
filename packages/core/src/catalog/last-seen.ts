import { z } from "zod";
import { withD1Retry } from "../d1/retry.ts";
import { readLatest } from "../store/read-latest.ts";

const rowsSchema = z.array(z.object({ id: z.int(), last_seen: z.int() }));

/**
 * The time of each point's newest sample in both levels, epoch ms, by point id; absent: the point has no samples. Reads
 * no day file: `points.last_seen` may be a day older than the hot level, but is never older than a day file.
 * @throws {z.ZodError} for a row of another form; the error of D1, after retries
 */
export async function readLastSeen(db: D1Database, pointIds: readonly number[]): Promise<Map<number, number>> {
  // The hot level first: samples that settle between the reads appear in both answers, never in neither.
  const hot = await readLatest(db, pointIds);
  const statement = db
    .prepare("SELECT id, last_seen FROM points WHERE id IN (SELECT value FROM json_each(?1)) AND last_seen IS NOT NULL")
    .bind(JSON.stringify(pointIds));
  const { results } = await withD1Retry(() => statement.all());
  const seen = new Map(rowsSchema.parse(results).map((row) => [row.id, row.last_seen]));
  for (const { pointId, time } of hot.values()) seen.set(pointId, Math.max(time, seen.get(pointId) ?? time));
  return seen;
}
