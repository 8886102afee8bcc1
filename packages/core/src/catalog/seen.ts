import type { PointSamples } from "../domain/samples.ts";
import type { CatalogPoint } from "./catalog.ts";

/** How far `last_seen` may lag behind, in milliseconds: moving it with every sync would double the rows written. */
const LAST_SEEN_LAG_MS = 24 * 3_600_000;

/** ?1: JSON array of [point id, first time, last time]. */
const MARK_SEEN = `
UPDATE points SET
  first_seen = min(coalesce(first_seen, s.value ->> 1), s.value ->> 1),
  last_seen = max(coalesce(last_seen, s.value ->> 2), s.value ->> 2)
FROM json_each(?1) s WHERE points.id = s.value ->> 0`;

/**
 * The statement that moves first_seen and last_seen of the points that need it, to run in the transaction that stores
 * the samples; null when none does.
 */
export function markSeenStatement(
  db: D1Database,
  samples: PointSamples,
  points: ReadonlyMap<number, CatalogPoint>,
): D1PreparedStatement | null {
  const seen = new Map<number, { first: number; last: number }>();
  for (let i = 0; i < samples.length; i++) {
    const time = samples.times[i]!;
    const range = seen.get(samples.pointIds[i]!);
    if (range === undefined) seen.set(samples.pointIds[i]!, { first: time, last: time });
    else {
      range.first = Math.min(range.first, time);
      range.last = Math.max(range.last, time);
    }
  }
  const moved = [...seen].filter(([id, { first, last }]) => {
    const point = points.get(id);
    if (point === undefined || point.firstSeen === null || point.lastSeen === null) return true;
    return first < point.firstSeen || last >= point.lastSeen + LAST_SEEN_LAG_MS;
  });
  if (moved.length === 0) return null;
  return db.prepare(MARK_SEEN).bind(JSON.stringify(moved.map(([id, { first, last }]) => [id, first, last])));
}
