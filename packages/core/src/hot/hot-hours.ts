import { z } from "zod";
import { hourOf } from "../domain/hour.ts";
import type { TimeRange } from "../domain/time-range.ts";

/** A UTC hour in which a site has hot rows: a row of `hot_hours`. */
export interface HotHour {
  /** its start, epoch ms */
  readonly hour: number;
  /** another one after every change of its rows, also after it was archived and came anew */
  readonly version: number;
  /** whether `point_days` has its aggregates; migrations/0004_rollups.sql has the invariant */
  readonly isFolded: boolean;
}

/**
 * Raises the version of each hour in which the batch changed a row. The rows show it themselves: a changed row has the batch's
 * revision. The first version is random (47 bits). ?1: JSON array of keys, ?2: revision.
 */
const TOUCH = `
INSERT INTO hot_hours (site_id, hour, version)
SELECT t.site_id, t.hour, random() & 0x7fffffffffff FROM (
  SELECT DISTINCT p.site_id, (k.value >> 20) * 3600000 AS hour
  FROM json_each(?1) k
  CROSS JOIN sample_hours h ON h.hour_point = k.value AND h.revision = ?2
  CROSS JOIN points p ON p.id = k.value & 1048575
) t WHERE true
ON CONFLICT (site_id, hour) DO UPDATE SET version = version + 1`;

/**
 * Belongs into the batch that changes these rows, behind the statement that does.
 * @param keys JSON array of keys of `sample_hours` @param revision {@link newRevision} that this batch writes
 */
export function touchHours(db: D1Database, keys: string, revision: number): D1PreparedStatement {
  return db.prepare(TOUCH).bind(keys, revision);
}

/**
 * A revision that no row has had: 48 random bits. Each batch that changes rows takes its own, and each retry of a batch another
 * one: a row must never have the same revision with other samples, because the archive deletes rows by (key, revision).
 */
export function newRevision(): number {
  const uuid = crypto.randomUUID();
  return Number.parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16);
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
