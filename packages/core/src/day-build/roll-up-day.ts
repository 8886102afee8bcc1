import { z } from "zod";
import { DayTable, type HourOfPoints } from "../rollups/day-table.ts";
import { type HourAggregate, hourAggregates } from "../rollups/hour-aggregates.ts";
import { parseRows, rowsStatement } from "../rollups/read-rows.ts";
import { writeHours } from "../rollups/write-rows.ts";
import { batchUnlessChanged, ELSE_FAIL } from "../d1/changed-meanwhile.ts";
import { DAY_MS, dayStart } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { markHoursRolledUp, markHoursChanged } from "../store/hot-hours.ts";
import { readHour, refuseDamaged } from "../store/read-segments.ts";
import { StoredRowError } from "../store/segment-body.ts";
import { expectMark, raiseClock, readMarked } from "../store/site-clock.ts";

/** A site's day without a file, and the hours to roll up. */
export interface DayToRollUp {
  readonly siteId: number;
  readonly day: number;
  /** epoch ms; syncs still add to hours that end later */
  readonly closed: number;
  /** `all`: also hours that are rolled up already, because their aggregates may be wrong */
  readonly which: "withoutRollups" | "all";
}

/** The result of rolling up a day. */
export interface RolledUpDay {
  /** hours that are now rolled up */
  readonly hours: number;
  /** aggregates of a point and hour; `changed`: those that were missing or different */
  readonly aggregates: number;
  readonly changed: number;
  /** rows of `block_days` that were written */
  readonly rows: number;
  /** hours that could not be read, and why */
  readonly failed: readonly { readonly hour: number; readonly reason: string }[];
}

/** The site's hours of the day, in hot_hours. */
const OF_DAY = `h.site_id = ?1 AND h.hour >= ?2 * ${DAY_MS} AND h.hour < (?2 + 1) * ${DAY_MS}`;

/** The rolled-up hours of the day and their versions. Another rollup of the day changes it. */
const ROLLED_UP = `
  (SELECT json_group_array(json_array(hour, rolled_up_version)) FROM (
    SELECT h.hour, h.rolled_up_version FROM hot_hours h WHERE ${OF_DAY} AND h.rolled_up_version IS NOT NULL ORDER BY h.hour
  ))`;

/** ?1: site, ?2: day. */
const READ_HOURS = `SELECT h.hour, h.version, h.rolled_up_version FROM hot_hours h WHERE ${OF_DAY} ORDER BY h.hour`;
const READ_ROLLED_UP = `SELECT ${ROLLED_UP} AS rolledUp`;

/**
 * True if the hours that were read have no newer sample, no other rollup wrote rows of the day, and the day has no
 * file. ?3: ROLLED_UP before the rows were read, ?4: JSON array of [hour, version] of the hours that were read.
 */
const IS_UNCHANGED = `
  ${ROLLED_UP} = ?3
  AND NOT EXISTS (
    SELECT 1 FROM json_each(?4) d WHERE NOT EXISTS (
      SELECT 1 FROM hot_hours h WHERE h.site_id = ?1 AND h.hour = d.value ->> 0 AND h.version = d.value ->> 1
    )
  )
  AND NOT EXISTS (SELECT 1 FROM day_files f WHERE f.site_id = ?1 AND f.day = ?2 AND f.key IS NOT NULL)`;
const EXPECT_UNCHANGED = `SELECT CASE WHEN ${IS_UNCHANGED} ${ELSE_FAIL}`;

const hoursSchema = z.array(z.object({ hour: z.int(), version: z.int(), rolled_up_version: z.int().nullable() }));
const rolledUpSchema = z.tuple([z.object({ rolledUp: z.string() })]);

/**
 * Computes the aggregates of a site's hot hours in `block_days` from its segments. Handles the day's hours together,
 * because a row contains all of them. Safe to repeat, and to run beside anything: writes all or nothing, and only if
 * the day has not changed since it was read. An unreadable hour does not stop the others.
 * @returns null if the day changed meanwhile; nothing is written then
 * @throws the error of D1, after retries
 */
export async function rollUpDay(
  db: D1Database,
  { siteId, day, closed, which }: DayToRollUp,
): Promise<RolledUpDay | null> {
  const { mark, results } = await readMarked(db, siteId, [
    db.prepare(READ_HOURS).bind(siteId, day),
    db.prepare(READ_ROLLED_UP).bind(siteId, day),
    rowsStatement(db, siteId, day, day),
  ]);
  const [hourRows, rolledUpRows, blockRows] = results;
  const hotHours = hoursSchema.parse(hourRows?.results);
  const [{ rolledUp }] = rolledUpSchema.parse(rolledUpRows?.results);
  const table = new DayTable(day, parseRows(blockRows?.results));
  const due = hotHours.filter(({ hour, version, rolled_up_version: rolledUpVersion }) => {
    if (table.isDamaged && rolledUpVersion !== null) return true;
    return hour + HOUR_MS <= closed && (which === "all" || rolledUpVersion !== version);
  });
  const read: (typeof hotHours)[number][] = [];
  const failed: { hour: number; reason: string }[] = [];
  const wrong: number[] = [];
  let aggregates = 0;
  for (const dueHour of due) {
    const { hour, version } = dueHour;
    try {
      const points = await readAggregates(db, siteId, day, hour);
      const changed = table.replaceHour((hour - dayStart(day)) / HOUR_MS, points);
      if (changed > 0 && dueHour.rolled_up_version === version) wrong.push(hour);
      aggregates += points.size;
      read.push(dueHour);
    } catch (error) {
      if (!(error instanceof StoredRowError)) throw error;
      failed.push({ hour, reason: error.message });
    }
  }
  const rows = table.changedRows();
  const lost = table.isDamaged ? failed.map(({ hour }) => hour) : [];
  const versions = JSON.stringify(read.map(({ hour, version }) => [hour, version]));
  const written = await batchUnlessChanged(db, [
    expectMark(db, siteId, mark),
    db.prepare(EXPECT_UNCHANGED).bind(siteId, day, rolledUp, versions),
    ...writeHours(db, rows),
    ...(wrong.length === 0 ? [] : [raiseClock(db, siteId)]),
    markHoursRolledUp(db, siteId, day, { rolledUp: read.map(({ hour }) => hour), wrong }),
    ...(lost.length === 0 ? [] : [markHoursChanged(db, siteId, lost)]),
  ]);
  if (written === null) return null;
  return { hours: read.length, aggregates, changed: table.changed, rows: rows.length, failed };
}

async function readAggregates(db: D1Database, siteId: number, day: number, hour: number): Promise<HourOfPoints> {
  const aggregates = new Map<number, HourAggregate>();
  for await (const points of readHour(db, siteId, hour, refuseDamaged)) {
    for (const [pointId, series] of points) {
      const aggregate = hourAggregates(series, day)[(hour - dayStart(day)) / HOUR_MS];
      if (aggregate != null) aggregates.set(pointId, aggregate);
    }
  }
  return aggregates;
}
