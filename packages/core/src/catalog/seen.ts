import { isInt, rowsOf } from "../d1/checked-rows.ts";
import { withD1Retry } from "../d1/retry.ts";
import { DAY_MS } from "../domain/day.ts";
import type { PointSamples } from "../domain/samples.ts";
import { logError } from "../telemetry/log.ts";
import type { CatalogPoint } from "./catalog.ts";

/** How far `last_seen` may lag behind, in ms: writing it in every sync would double the rows written. */
const LAST_SEEN_LAG_MS = DAY_MS;

/** ?1: JSON array of [point id, first time, last time]. */
const MARK_SEEN = `
UPDATE points SET
  first_seen = min(coalesce(first_seen, s.value ->> 1), s.value ->> 1),
  last_seen = max(coalesce(last_seen, s.value ->> 2), s.value ->> 2)
FROM json_each(?1) s WHERE points.id = s.value ->> 0`;

/** The first and the last sample of a point in a batch, epoch ms, both inclusive. */
export interface SeenRange {
  readonly pointId: number;
  readonly first: number;
  readonly last: number;
}

/** The points whose first_seen or last_seen these samples change. @param points by id, as stored */
export function seenRanges(samples: PointSamples, points: ReadonlyMap<number, CatalogPoint>): SeenRange[] {
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
  const ranges = [...seen].map(([pointId, range]) => ({ pointId, ...range }));
  return ranges.filter(({ pointId, first, last }) => {
    const point = points.get(pointId);
    if (point === undefined || point.firstSeen === null || point.lastSeen === null) return true;
    return first < point.firstSeen || last >= point.lastSeen + LAST_SEEN_LAG_MS;
  });
}

/** Points per transaction. */
const MAX_POINTS_PER_TRANSACTION = 400;

/**
 * Stores samples, and moves first_seen and last_seen of their points: of some in the transaction of the samples, of the
 * others after it. If the process dies in between, the points' next samples or the next file of their day move them.
 * @param store receives the statements for the transaction of the samples
 */
export async function storeSeen<T>(
  db: D1Database,
  ranges: readonly SeenRange[],
  store: (alongside: readonly D1PreparedStatement[]) => Promise<T>,
): Promise<T> {
  const some = ranges.slice(0, MAX_POINTS_PER_TRANSACTION);
  const stored = await store(some.length === 0 ? [] : [markSeenStatement(db, some)]);
  for (let first = MAX_POINTS_PER_TRANSACTION; first < ranges.length; first += MAX_POINTS_PER_TRANSACTION) {
    const others = ranges.slice(first, first + MAX_POINTS_PER_TRANSACTION);
    try {
      await withD1Retry(() => markSeenStatement(db, others).run());
    } catch (error) {
      logError("seen_not_marked", error, { points: others.length });
    }
  }
  return stored;
}

/** Moves first_seen and last_seen. */
export function markSeenStatement(db: D1Database, ranges: readonly SeenRange[]): D1PreparedStatement {
  return db.prepare(MARK_SEEN).bind(JSON.stringify(ranges.map(({ pointId, first, last }) => [pointId, first, last])));
}

/**
 * Skips a day that was republished or deleted meanwhile. ?1 site id, ?2 day, ?3 generation, ?4: JSON array of [id,
 * first, last].
 */
const MARK_SEEN_IN_FILE = `
UPDATE points SET
  first_seen = min(coalesce(first_seen, s.value ->> 1), s.value ->> 1), last_seen = max(coalesce(last_seen, s.value ->> 2), s.value ->> 2)
FROM json_each(?4) s
WHERE points.id = s.value ->> 0
  AND (first_seen IS NULL OR last_seen IS NULL OR s.value ->> 1 < first_seen OR s.value ->> 2 > last_seen)
  AND coalesce((SELECT generation FROM day_files WHERE site_id = ?1 AND day = ?2), 0) <= ?3`;

/**
 * Widens the first and last times of a day file's points, in several transactions. Safe to repeat.
 * @param file its site and day, and its published generation @param seen JSON arrays of [point id, first, last], epoch
 * ms
 */
export async function markSeenInFile(
  db: D1Database,
  { siteId, day, generation }: { readonly siteId: number; readonly day: number; readonly generation: number },
  seen: readonly string[],
): Promise<void> {
  for (const text of seen) {
    await withD1Retry(() => db.prepare(MARK_SEEN_IN_FILE).bind(siteId, day, generation, text).run());
  }
}

const FORGET_SEEN = "UPDATE points SET first_seen = NULL, last_seen = NULL WHERE id = ?1";

/** Goes into a batch that deletes a point's data. */
export function forgetSeen(db: D1Database, pointId: number): D1PreparedStatement {
  return db.prepare(FORGET_SEEN).bind(pointId);
}

/** ?1: JSON array of point ids. */
const READ_FIRST =
  "SELECT id, first_seen FROM points WHERE id IN (SELECT value FROM json_each(?1)) AND first_seen IS NOT NULL";
const firstRows = rowsOf("points", { id: isInt, first_seen: isInt });

/** The time of each point's first stored sample, by id, epoch ms; absent: it has none. */
export async function readFirstSeen(db: D1Database, pointIds: readonly number[]): Promise<Map<number, number>> {
  const { results } = await withD1Retry(() => db.prepare(READ_FIRST).bind(JSON.stringify(pointIds)).all());
  return new Map(firstRows(results).map((row) => [row.id, row.first_seen]));
}
