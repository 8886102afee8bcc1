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

/** A site's day without a file, and which of its hours are wanted. */
export interface DayToRollUp {
  readonly siteId: number;
  readonly day: number;
  /** hours that end after this are still added to by every sync, epoch ms */
  readonly closed: number;
  /** `all`: those that are rolledUp too, because their aggregates may be wrong */
  readonly which: "withoutRollups" | "all";
}

/** What folding a day came to. */
export interface RolledUpDay {
  /** hours that are rolledUp now */
  readonly hours: number;
  /** aggregates of a point and hour, and those of them that were another one, or none */
  readonly aggregates: number;
  readonly changed: number;
  /** rows of `block_days` that were written */
  readonly rows: number;
  /** hours that could not be read, and why */
  readonly failed: readonly { readonly hour: number; readonly reason: string }[];
}

/** The site's hours of the day, in hot_hours. */
const OF_DAY = `h.site_id = ?1 AND h.hour >= ?2 * ${DAY_MS} AND h.hour < (?2 + 1) * ${DAY_MS}`;

/** Which hours of the day are rolledUp, and at which version: another fold of the day changes it. */
const ROLLED_UP = `
  (SELECT json_group_array(json_array(hour, rolled_up_version)) FROM (
    SELECT h.hour, h.rolled_up_version FROM hot_hours h WHERE ${OF_DAY} AND h.rolled_up_version IS NOT NULL ORDER BY h.hour
  ))`;

/** ?1: site, ?2: day. */
const READ_HOURS = `SELECT h.hour, h.version, h.rolled_up_version FROM hot_hours h WHERE ${OF_DAY} ORDER BY h.hour`;
const READ_ROLLED_UP = `SELECT ${ROLLED_UP} AS rolledUp`;

/**
 * The hours that were read have got no sample since, no other fold wrote rows of the day, and the day has no file.
 * ?3: what FOLDED was before the rows were read, ?4: JSON array of [hour, version] of the hours that were read.
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
 * Sums up hot hours of a site's day, point by point, into `block_days`, so that these say what the segments say. All hours of the day
 * together, because a row holds all of them. Safe to repeat, and to run beside anything: it is all written or nothing, and only
 * where the day is as it was read. An hour that cannot be read does not stop the others.
 * @returns null: the day changed meanwhile, and nothing was written
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
  const due = hotHours.filter(({ hour, version, rolled_up_version: of }) => {
    if (table.isDamaged && of !== null) return true;
    return hour + HOUR_MS <= closed && (which === "all" || of !== version);
  });
  const read: (typeof hotHours)[number][] = [];
  const failed: { hour: number; reason: string }[] = [];
  const wrong: number[] = [];
  let aggregates = 0;
  for (const one of due) {
    const { hour, version } = one;
    try {
      const points = await readAggregates(db, siteId, day, hour);
      const changed = table.replaceHour((hour - dayStart(day)) / HOUR_MS, points);
      if (changed > 0 && one.rolled_up_version === version) wrong.push(hour);
      aggregates += points.size;
      read.push(one);
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
      const one = hourAggregates(series, day)[(hour - dayStart(day)) / HOUR_MS];
      if (one != null) aggregates.set(pointId, one);
    }
  }
  return aggregates;
}
