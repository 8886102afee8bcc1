import { isInt, rowsOf } from "../d1/checked-rows.ts";
import { DAY_MS } from "../domain/day.ts";
import { hourOf } from "../domain/hour.ts";
import type { TimeRange } from "../domain/time-range.ts";

// The SQL of `hot_hours` (migrations/0001_schema.sql).

/** A row of `hot_hours`: a UTC hour in which a site has samples in segments that are in no day file. */
export interface HotHour {
  /** its start, epoch ms */
  readonly hour: number;
  /**
   * stamp of the last segments with samples of the hour; it differs after every change, also after the hour was settled
   */
  readonly version: number;
  /** whether `block_days` has its aggregates; migrations/0001_schema.sql states the invariant */
  readonly isRolledUp: boolean;
}

/** ?1: site, ?2: JSON array of starts of hours, ?3: first and ?4: last stamp of the batch. */
const TOUCH = `
INSERT INTO hot_hours (site_id, hour, first_stamp, version)
SELECT ?1, value, ?3, ?4 FROM json_each(?2) WHERE true
ON CONFLICT (site_id, hour) DO UPDATE SET version = excluded.version`;

/** Add it to the batch that stores samples of these hours. @param hours starts, epoch ms */
export function touchHours(
  db: D1Database,
  siteId: number,
  hours: Iterable<number>,
  stamps: { readonly first: number; readonly last: number },
): D1PreparedStatement {
  return db.prepare(TOUCH).bind(siteId, JSON.stringify([...hours]), stamps.first, stamps.last);
}

/** ?1: site, ?2: day. */
const OF_DAY = `site_id = ?1 AND hour >= ?2 * ${DAY_MS} AND hour < (?2 + 1) * ${DAY_MS}`;

/** ?4: JSON array of hours whose aggregates were wrong. Their new version is a stamp that no segment has. */
const NEW_VERSION = `CASE WHEN hour IN (SELECT value FROM json_each(?4))
  THEN (SELECT stamp FROM site_clocks WHERE site_id = ?1) ELSE version END`;

/** ?3: JSON array of the hours. */
const MARK_ROLLED_UP = `
UPDATE hot_hours SET version = ${NEW_VERSION}, rolled_up_version = ${NEW_VERSION}
WHERE ${OF_DAY} AND hour IN (SELECT value FROM json_each(?3))
  AND (rolled_up_version IS NOT version OR hour IN (SELECT value FROM json_each(?4)))`;

/**
 * Marks hours of a day as rolled up. Add it to the batch that writes their aggregates. An hour whose aggregates were
 * wrong gets another version, so that answers made from them lose their ETag. Raise the clock for it, so that no later
 * segment of the hour gets that version.
 * @param hours starts, epoch ms: all that are rolled up, and those that were wrong
 */
export function markHoursRolledUp(
  db: D1Database,
  siteId: number,
  day: number,
  { rolledUp, wrong }: { readonly rolledUp: readonly number[]; readonly wrong: readonly number[] },
): D1PreparedStatement {
  return db.prepare(MARK_ROLLED_UP).bind(siteId, day, JSON.stringify(rolledUp), JSON.stringify(wrong));
}

const MARK_NOT_ROLLED_UP =
  "UPDATE hot_hours SET rolled_up_version = NULL WHERE site_id = ?1 AND hour IN (SELECT value FROM json_each(?2))";

/** Marks hours as not rolled up: `block_days` has no aggregates of them any more. @param hours starts, epoch ms */
export function markHoursChanged(db: D1Database, siteId: number, hours: readonly number[]): D1PreparedStatement {
  return db.prepare(MARK_NOT_ROLLED_UP).bind(siteId, JSON.stringify(hours));
}

const MARK_NOT_ROLLED_UP_DAY = `UPDATE hot_hours SET rolled_up_version = NULL WHERE ${OF_DAY} AND rolled_up_version IS NOT NULL`;

/** Marks a day as not rolled up: `block_days` has aggregates of its file only, or none. */
export function markDayChanged(db: D1Database, siteId: number, day: number): D1PreparedStatement {
  return db.prepare(MARK_NOT_ROLLED_UP_DAY).bind(siteId, day);
}

const CHANGE_VERSIONS =
  "UPDATE hot_hours SET version = (SELECT stamp FROM site_clocks WHERE site_id = ?1) WHERE site_id = ?1";

/**
 * Gives the site's hours another version, because their samples changed. Add it behind the statement that raises the
 * clock.
 */
export function changeVersions(db: D1Database, siteId: number): D1PreparedStatement {
  return db.prepare(CHANGE_VERSIONS).bind(siteId);
}

/** ?3: stamp. */
const FORGET = `DELETE FROM hot_hours WHERE ${OF_DAY} AND version <= ?3`;

/**
 * Deletes a day's hours without a segment above a stamp: the segments up to it are in the day's file, or were deleted.
 */
export function forgetHours(db: D1Database, siteId: number, day: number, stamp: number): D1PreparedStatement {
  return db.prepare(FORGET).bind(siteId, day, stamp);
}

const FORGET_DAY = `DELETE FROM hot_hours WHERE ${OF_DAY}`;

/** Deletes all hours of a day. Add it to the batch that deletes the day. */
export function forgetHotDay(db: D1Database, siteId: number, day: number): D1PreparedStatement {
  return db.prepare(FORGET_DAY).bind(siteId, day);
}

/** The columns of {@link parseHotHours}. */
export const HOT_HOUR_COLUMNS = "hour, version, rolled_up_version IS version AS is_rolled_up";

const READ = `
SELECT ${HOT_HOUR_COLUMNS} FROM hot_hours
WHERE site_id = ?1 AND hour >= ?2 AND hour < ?3 ORDER BY hour`;

/** The statement that lists a site's hot hours that overlap a range. */
export function hotHoursStatement(db: D1Database, siteId: number, range: TimeRange): D1PreparedStatement {
  return db.prepare(READ).bind(siteId, hourOf(range.start), range.end);
}

const hotHourRows = rowsOf("hot_hours", { hour: isInt, version: isInt, is_rolled_up: isInt });

/** Parses the hours of {@link hotHoursStatement}, ascending. */
export function parseHotHours(results: unknown): HotHour[] {
  return hotHourRows(results).map(({ hour, version, is_rolled_up }) => ({
    hour,
    version,
    isRolledUp: is_rolled_up === 1,
  }));
}
