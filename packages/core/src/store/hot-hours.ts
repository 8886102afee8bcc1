import { z } from "zod";
import { hourOf } from "../domain/hour.ts";
import type { TimeRange } from "../domain/time-range.ts";

/** A UTC hour in which a site has samples in segments that are in no day file: a row of `hot_hours`. */
export interface HotHour {
  /** its start, epoch ms */
  readonly hour: number;
  /** the stamp of the last segments with samples of the hour: another one after every change, also after it was archived */
  readonly version: number;
  /** whether `block_days` has its aggregates; migrations/0001_schema.sql states the invariant */
  readonly isFolded: boolean;
}

/** ?1: site, ?2: JSON array of starts of hours, ?3: first and ?4: last stamp of the batch. */
const TOUCH = `
INSERT INTO hot_hours (site_id, hour, first_stamp, version)
SELECT ?1, value, ?3, ?4 FROM json_each(?2) WHERE true
ON CONFLICT (site_id, hour) DO UPDATE SET version = excluded.version`;

/** Belongs into the batch that stores samples of these hours. @param hours starts, epoch ms */
export function touchHours(
  db: D1Database,
  siteId: number,
  hours: Iterable<number>,
  stamps: { readonly first: number; readonly last: number },
): D1PreparedStatement {
  return db.prepare(TOUCH).bind(siteId, JSON.stringify([...hours]), stamps.first, stamps.last);
}

/** The columns of {@link parseHotHours}. */
export const HOT_HOUR_COLUMNS = "hour, version, folded_version IS version AS folded";

const READ = `
SELECT ${HOT_HOUR_COLUMNS} FROM hot_hours
WHERE site_id = ?1 AND hour >= ?2 AND hour < ?3 ORDER BY hour`;

/** The statement that lists a site's hot hours that a range touches. */
export function hotHoursStatement(db: D1Database, siteId: number, range: TimeRange): D1PreparedStatement {
  return db.prepare(READ).bind(siteId, hourOf(range.start), range.end);
}

const rowsSchema = z.array(z.object({ hour: z.int(), version: z.int(), folded: z.int() }));

/** The hours that {@link hotHoursStatement} found, ascending. */
export function parseHotHours(results: unknown): HotHour[] {
  return rowsSchema.parse(results).map(({ hour, version, folded }) => ({ hour, version, isFolded: folded === 1 }));
}
