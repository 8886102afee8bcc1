import { z } from "zod";
import { HOUR_MS, hourOf } from "../domain/hour.ts";
import type { TimeRange } from "../domain/time-range.ts";
import { hourOfKey, rowKey } from "./row-key.ts";

/**
 * Steps from one stored hour to the next through the key, so it costs one look-up an hour that is stored, whatever the
 * length of the range: a late sample of last year does not make the year between look stored.
 * ?1: first key wanted, ?2: number of the first hour that is not wanted.
 */
const READ_HOURS = `
WITH RECURSIVE stored (hours) AS (
  SELECT min(hour_point) >> 20 FROM sample_hours WHERE hour_point >= ?1
  UNION ALL
  SELECT (SELECT min(h.hour_point) >> 20 FROM sample_hours h WHERE h.hour_point >= (t.hours + 1) << 20)
  FROM stored t WHERE t.hours < ?2
)
SELECT hours << 20 AS first_key FROM stored WHERE hours < ?2`;

const hoursSchema = z.array(z.object({ first_key: z.int() }));

/** The statement that lists the UTC hours of a range in which the hot level has a sample of any site's point. */
export function storedHours(db: D1Database, range: TimeRange): D1PreparedStatement {
  const firstKey = rowKey(hourOf(range.start), 0);
  return db.prepare(READ_HOURS).bind(firstKey, Math.ceil(range.end / HOUR_MS));
}

/** The starts of the hours that {@link storedHours} found, ascending, epoch milliseconds. */
export function parseStoredHours(results: unknown): number[] {
  return hoursSchema.parse(results).map((row) => hourOfKey(row.first_key));
}
