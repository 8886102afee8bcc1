import { isInt, rowsOf } from "../d1/checked-rows.ts";
import { DAY_MS } from "../domain/day.ts";
import { hourOf } from "../domain/hour.ts";
import type { TimeRange } from "../domain/time-range.ts";

// The SQL of `hot_hours` (migrations/0001_schema.sql).

/** A UTC hour in which a site has samples in segments that are in no day file: a row of `hot_hours`. */
export interface HotHour {
  /** its start, epoch ms */
  readonly hour: number;
  /** the stamp of the last segments with samples of the hour: another one after every change, also after it was settled */
  readonly version: number;
  /** whether `block_days` has its aggregates; migrations/0001_schema.sql states the invariant */
  readonly isRolledUp: boolean;
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

/** The site's hours of the day. ?1: site, ?2: day. */
const OF_DAY = `site_id = ?1 AND hour >= ?2 * ${DAY_MS} AND hour < (?2 + 1) * ${DAY_MS}`;

/** ?4: JSON array of hours whose aggregates were wrong: their new version is a stamp that no segment has. */
const NEW_VERSION = `CASE WHEN hour IN (SELECT value FROM json_each(?4))
  THEN (SELECT stamp FROM site_clocks WHERE site_id = ?1) ELSE version END`;

/** ?3: JSON array of the hours. */
const MARK_FOLDED = `
UPDATE hot_hours SET version = ${NEW_VERSION}, rolled_up_version = ${NEW_VERSION}
WHERE ${OF_DAY} AND hour IN (SELECT value FROM json_each(?3))
  AND (rolled_up_version IS NOT version OR hour IN (SELECT value FROM json_each(?4)))`;

/**
 * Belongs into the batch that writes the aggregates of these hours of a day. An hour that was folded before, and whose aggregates were
 * wrong, gets another version, so that answers that were made of the wrong ones have another ETag. The clock must be raised for it: the
 * next segment of the hour must not have the same version.
 * @param hours starts, epoch ms: those that are folded, and those of them that were wrong
 */
export function markHoursRolledUp(
  db: D1Database,
  siteId: number,
  day: number,
  { folded, wrong }: { readonly folded: readonly number[]; readonly wrong: readonly number[] },
): D1PreparedStatement {
  return db.prepare(MARK_FOLDED).bind(siteId, day, JSON.stringify(folded), JSON.stringify(wrong));
}

const UNFOLD =
  "UPDATE hot_hours SET rolled_up_version = NULL WHERE site_id = ?1 AND hour IN (SELECT value FROM json_each(?2))";

/** `block_days` has no aggregates of these hours any more. @param hours starts, epoch ms */
export function markHoursChanged(db: D1Database, siteId: number, hours: readonly number[]): D1PreparedStatement {
  return db.prepare(UNFOLD).bind(siteId, JSON.stringify(hours));
}

const UNFOLD_DAY = `UPDATE hot_hours SET rolled_up_version = NULL WHERE ${OF_DAY} AND rolled_up_version IS NOT NULL`;

/** `block_days` has aggregates of a day's file only, or none: what is hot beside it is summed up anew. */
export function markDayChanged(db: D1Database, siteId: number, day: number): D1PreparedStatement {
  return db.prepare(UNFOLD_DAY).bind(siteId, day);
}

const CHANGE_VERSIONS =
  "UPDATE hot_hours SET version = (SELECT stamp FROM site_clocks WHERE site_id = ?1) WHERE site_id = ?1";

/** What was read of the site's hours is not what they hold any more. Belongs behind the statement that raises the clock. */
export function changeVersions(db: D1Database, siteId: number): D1PreparedStatement {
  return db.prepare(CHANGE_VERSIONS).bind(siteId);
}

/** ?3: stamp. */
const FORGET = `DELETE FROM hot_hours WHERE ${OF_DAY} AND version <= ?3`;

/** Forgets a day's hours that have no segment above a stamp: those up to it are in the day's file, or were deleted. */
export function forgetHours(db: D1Database, siteId: number, day: number, stamp: number): D1PreparedStatement {
  return db.prepare(FORGET).bind(siteId, day, stamp);
}

const FORGET_DAY = `DELETE FROM hot_hours WHERE ${OF_DAY}`;

/** Forgets all hours of a day. Belongs into the batch that deletes the day. */
export function forgetHotDay(db: D1Database, siteId: number, day: number): D1PreparedStatement {
  return db.prepare(FORGET_DAY).bind(siteId, day);
}

/** The columns of {@link parseHotHours}. */
export const HOT_HOUR_COLUMNS = "hour, version, rolled_up_version IS version AS folded";

const READ = `
SELECT ${HOT_HOUR_COLUMNS} FROM hot_hours
WHERE site_id = ?1 AND hour >= ?2 AND hour < ?3 ORDER BY hour`;

/** The statement that lists a site's hot hours that a range touches. */
export function hotHoursStatement(db: D1Database, siteId: number, range: TimeRange): D1PreparedStatement {
  return db.prepare(READ).bind(siteId, hourOf(range.start), range.end);
}

const hotHourRows = rowsOf("hot_hours", { hour: isInt, version: isInt, folded: isInt });

/** The hours that {@link hotHoursStatement} found, ascending. */
export function parseHotHours(results: unknown): HotHour[] {
  return hotHourRows(results).map(({ hour, version, folded }) => ({ hour, version, isRolledUp: folded === 1 }));
}
