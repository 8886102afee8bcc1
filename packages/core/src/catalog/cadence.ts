import { z } from "zod";
import { blockDayKey, dayOfKey } from "../rollups/block-day-key.ts";
import { StoredHoursError } from "../rollups/hour-aggregates.ts";
import { hourCounts } from "../rollups/hour-counts.ts";
import { parseRows, rowsStatement, withPackedHours } from "../rollups/read-rows.ts";
import { withD1Retry } from "../d1/retry.ts";
import { dayOf, dayStart } from "../domain/day.ts";
import { HOUR_MS, hourOf } from "../domain/hour.ts";
import { readSeries } from "../store/read-segments.ts";
import { logError } from "../telemetry/log.ts";
import { MAX_POINTS_PER_TRANSACTION } from "./catalog.ts";
import { newVersionOfCadences } from "./sites.ts";

/** The fewest samples that prove a cadence: with fewer, one late sample would decide it. */
const MIN_SAMPLES = 4;

/** The last two closed hours: long enough for a cadence of half an hour. */
const MEASURED_HOURS = 2;

/** The hours in which a point must keep its cadence. A point that sends changes only keeps none. */
const HABIT_HOURS = 48;

/** The fewest hours that show a habit. */
const FEWEST_HOURS = 6;

/** The median is the cadence if nine of ten hours have at least this share of its samples. */
const KEPT_SHARE = 0.9;

/**
 * The median time between samples in whole seconds; null: too few samples. Gaps and single late samples do not change a
 * median.
 * @param times ascending, epoch ms
 */
export function medianCadenceS(times: Float64Array): number | null {
  if (times.length < MIN_SAMPLES) return null;
  const steps = Array.from(times.subarray(1), (time, i) => time - times[i]!).sort((a, b) => a - b);
  const middle = steps.length >> 1;
  const median = steps.length % 2 === 1 ? steps[middle]! : (steps[middle - 1]! + steps[middle]!) / 2;
  return Math.max(1, Math.round(median / 1000));
}

/**
 * The cadence that a point keeps in nine of ten hours, in seconds; null: it keeps none, for example because it sends
 * changes only.
 * @param medianS of its last samples, or its present cadence; null: both unknown
 * @param counts samples of its last hours, without hours in which the whole site was silent
 */
export function keptCadenceS(medianS: number | null, counts: readonly number[]): number | null {
  const kept = counts.toSorted((a, b) => a - b)[Math.floor(counts.length / 10)] ?? 0;
  if (kept === 0 || medianS === null) return null;
  const hourS = HOUR_MS / 1000;
  return kept * medianS >= KEPT_SHARE * hourS ? medianS : Math.round(hourS / kept);
}

/**
 * Points to measure: no configured cadence, and no open gap of their own. A silent point must not become one that sends
 * changes only. ?1: site.
 */
const READ_POINTS = `
SELECT id, interval_s, first_seen FROM points
WHERE site_id = ?1 AND configured = 1 AND interval_source IS NOT 'configured'
  AND id NOT IN (SELECT point_id FROM gaps WHERE site_id = ?1 AND state = 'open')`;

/** Hours of the site with samples and complete aggregates. ?1: site, ?2 and ?3: [from, to), epoch ms. */
const READ_HOURS = `
SELECT hour FROM hot_hours WHERE site_id = ?1 AND hour >= ?2 AND hour < ?3 AND rolled_up_version IS version`;

const pointsSchema = z.array(z.object({ id: z.int(), interval_s: z.int().nullable(), first_seen: z.int().nullable() }));
const hoursSchema = z.array(z.object({ hour: z.int() }));

/** Samples per hour (epoch ms) of each point that has some. */
type HourCounts = ReadonlyMap<number, ReadonlyMap<number, number>>;

interface Habits {
  readonly hours: readonly number[];
  readonly counts: HourCounts;
  /** whether the row with the counts of a point is damaged */
  readonly isDamaged: (pointId: number) => boolean;
}

/** @param end of the last two days, epoch ms */
async function readHabits(db: D1Database, siteId: number, end: number): Promise<Habits> {
  const start = end - HABIT_HOURS * HOUR_MS;
  const [hourRows, countRows] = await withD1Retry(() =>
    db.batch([
      db.prepare(READ_HOURS).bind(siteId, start, end),
      rowsStatement(db, siteId, dayOf(start), dayOf(end - 1)),
    ]),
  );
  const counts = new Map<number, Map<number, number>>();
  const damaged: number[] = [];
  for (const row of await withPackedHours(db, parseRows(countRows?.results))) {
    try {
      for (const { pointId, day, counts: ofDay } of hourCounts([row])) {
        const ofPoint = counts.get(pointId) ?? new Map<number, number>();
        counts.set(pointId, ofPoint);
        ofDay.forEach((n, i) => ofPoint.set(dayStart(day) + i * HOUR_MS, n));
      }
    } catch (error) {
      if (!(error instanceof StoredHoursError)) throw error;
      logError("cadence_row_damaged", error, { siteId, key: row.key });
      damaged.push(row.key);
    }
  }
  return {
    hours: hoursSchema.parse(hourRows?.results).map(({ hour }) => hour),
    counts,
    isDamaged: (pointId) => damaged.some((key) => key === blockDayKey(pointId, dayOfKey(key))),
  };
}

/**
 * Measures the cadence of a site's points without a configured one, from hourly aggregates. Leaves points with fewer
 * than {@link FEWEST_HOURS} hours, and points of a damaged row, unchanged.
 * @param now epoch ms
 * @returns the number of changed points
 */
export async function measureCadences(db: D1Database, siteId: number, now: number): Promise<number> {
  const { results } = await withD1Retry(() => db.prepare(READ_POINTS).bind(siteId).all());
  const points = pointsSchema.parse(results);
  if (points.length === 0) return 0;
  const ids = points.map(({ id }) => id);
  const end = hourOf(now);
  const series = await readSeries(db, siteId, ids, { start: end - MEASURED_HOURS * HOUR_MS, end });
  const { hours, counts, isDamaged } = await readHabits(db, siteId, end);
  const measured = points.flatMap(({ id, interval_s: before, first_seen: firstSeen }): [number, number | null][] => {
    const seenHours = hours.filter((hour) => firstSeen !== null && hour >= firstSeen);
    if (seenHours.length < FEWEST_HOURS || isDamaged(id)) return [];
    const medianS = medianCadenceS(series.get(id)?.times ?? new Float64Array(0)) ?? before;
    const habit = seenHours.map((hour) => counts.get(id)?.get(hour) ?? 0);
    return [[id, keptCadenceS(medianS, habit)]];
  });
  let changed = 0;
  const update = db.prepare(
    `UPDATE points SET interval_s = m.value ->> 1, interval_source = 'measured' FROM json_each(?1) m
     WHERE points.id = m.value ->> 0 AND interval_s IS NOT m.value ->> 1`,
  );
  for (let first = 0; first < measured.length; first += MAX_POINTS_PER_TRANSACTION) {
    const some = JSON.stringify(measured.slice(first, first + MAX_POINTS_PER_TRANSACTION));
    const [, updated] = await withD1Retry(() => db.batch([newVersionOfCadences(db, siteId, some), update.bind(some)]));
    changed += updated?.meta.changes ?? 0;
  }
  return changed;
}
