import { z } from "zod";
import { blockDayKeySql, CHECKED_ROWS, DAY_OF_ROW, pathSql, ROWS } from "../rollups/block-day-key.ts";
import { monthKeySql, monthOfDaySql } from "../rollups/month-key.ts";
import { PackedMonths } from "../rollups/packed-months.ts";
import { BlockSlice, DAMAGED_SLICE, unlessDamaged } from "../rollups/stored-slice.ts";
import { readChecked } from "../d1/read-checked.ts";
import { withD1Retry } from "../d1/retry.ts";
import { blockOf } from "../domain/block.ts";
import { DAY_MS, dayOf, dayStart, HOURS_PER_DAY } from "../domain/day.ts";
import { HOUR_MS, hourOf } from "../domain/hour.ts";
import { NOTHING_BESIDE, type ReadCost, readSeriesBeside } from "../store/read-segments.ts";
import { placeOfKey } from "../store/segment-key.ts";
import { mergeStored, NO_STORED_SERIES } from "../store/stored-series.ts";
import type { RangeCost } from "../r2/range-get.ts";
import type { ColdLevel } from "./cold-level.ts";
import { type NamedPoint, planFiles } from "./cold-plan.ts";
import { readBlock, type UnreadableDay } from "./read-block.ts";
import { joinDays } from "./join-days.ts";
import { readStoredDays } from "./stored.ts";

/** How many days before a range the last sample of a point is searched. Each day costs one row read per point. */
export const DAYS_BEFORE = 400;

/** Hours without rollups: normally the last one or two. ?1: site, ?2 and ?3: [from, to], epoch ms. */
const READ_WITHOUT_ROLLUPS = `
SELECT hour, version FROM hot_hours
WHERE site_id = ?1 AND hour >= ?2 AND hour <= ?3 AND rolled_up_version IS NOT version ORDER BY hour DESC`;

/** Key of a point and the day of its row. */
const MONTH_KEY = monthKeySql("t.id", monthOfDaySql(DAY_OF_ROW));

/**
 * Two days per point: the one that holds the range's start, and the newest one with samples before it; each with the
 * columns that identify its state. ?1: site, ?2: JSON array of point ids, ?3 and ?4: first and last day, ?5: last
 * hour, epoch ms.
 */
const READ_DAYS = `
WITH days (id, key) AS (
  SELECT p.value, ${blockDayKeySql("p.value", "?4")} FROM json_each(?2) p
  UNION ALL
  SELECT p.value, (
    SELECT x.key FROM ${ROWS} x
    WHERE x.key >= ${blockDayKeySql("p.value", "?3")} AND x.key < ${blockDayKeySql("p.value", "?4")}
      AND (x.places IS NULL OR x.places ->> ${pathSql("p.value", "[0]")} IS NOT NULL)
    ORDER BY x.key DESC LIMIT 1
  ) FROM json_each(?2) p
)
SELECT t.id, ${DAY_OF_ROW} AS day, d.places ->> ${pathSql("t.id", "[2]")} IS NOT NULL AS is_settled, f.etag, f.build, f.state,
  f.generation, m.key AS packed, hex(m.head) AS head, hex(m.hours) AS hours,
  hex(substr(d.hours, d.places ->> ${pathSql("t.id", "[0]")}, d.places ->> ${pathSql("t.id", "[1]")})) AS slice,
  (SELECT count(*) || ' ' || CAST(coalesce(sum(version), 0) AS TEXT) FROM hot_hours h WHERE h.site_id = ?1
    AND h.hour >= ${DAY_OF_ROW} * ${DAY_MS} AND h.hour < (${DAY_OF_ROW} + 1) * ${DAY_MS} AND h.hour <= ?5) AS hot
FROM days t CROSS JOIN ${ROWS} d ON d.key = t.key
LEFT JOIN day_files f ON f.site_id = ?1 AND f.day = ${DAY_OF_ROW}
LEFT JOIN point_months m ON m.key = ${MONTH_KEY} AND length(d.hours) = 0
WHERE d.places IS NULL OR d.places ->> ${pathSql("t.id", "[0]")} IS NOT NULL
ORDER BY t.id, day DESC`;

/** Rows of {@link READ_DAYS}. A row with damaged places may hold any of its points, and comes with an empty slice. */
const CHECK_DAYS = READ_DAYS.replaceAll(ROWS, CHECKED_ROWS);

const HOURS = Array.from({ length: HOURS_PER_DAY }, (_, i) => i);
const withoutRollupsSchema = z.array(z.object({ hour: z.int(), version: z.int() }));
const daysSchema = z.array(
  z
    .object({
      id: z.int(),
      day: z.int(),
      is_settled: z.int(),
      etag: z.string().nullable(),
      build: z.string().nullable(),
      state: z.string().nullable(),
      generation: z.int().nullable(),
      packed: z.int().nullable(),
      head: z.string(),
      hours: z.string(),
      slice: z.string(),
      hot: z.string(),
    })
    .transform(({ id, day, generation, packed: key, head, hours, slice, ...row }) => {
      const block = new BlockSlice(slice);
      const packed = key === null ? block : new PackedMonths([{ key, head, hours }]).find(id, day, generation ?? 0);
      // null: the slice is damaged, so each of its hours may have samples
      return { ...row, id, day, counts: unlessDamaged(() => (packed ?? DAMAGED_SLICE).counts) };
    }),
);

/** Where the last samples before a range may be, found without reading a sample. */
export interface BeforeRange {
  /** the range's start, epoch ms */
  readonly start: number;
  /** starts of the hours to read, by point id, epoch ms */
  readonly hours: ReadonlyMap<number, readonly number[]>;
  /** points with a damaged row: if these hours have no sample, an earlier hour may */
  readonly uncertain: ReadonlySet<number>;
  /** part of the answer's ETag: it changes whenever the samples do */
  readonly state: unknown;
}

/**
 * Finds where the last sample of each point before a time may be. Costs one D1 batch of two statements, and no read of
 * R2.
 * @param start epoch ms
 * @throws the error of D1, after retries
 */
export async function findBeforeRange(
  db: D1Database,
  siteId: number,
  pointIds: readonly number[],
  start: number,
): Promise<BeforeRange> {
  const last = start - 1;
  const [firstDay, lastDay] = [Math.max(0, dayOf(last) - DAYS_BEFORE), dayOf(last)];
  if (lastDay < 0) return { start, hours: new Map(), uncertain: new Set(), state: null };
  const [withoutRollupsRows, dayRows] = await readChecked((isChecked) => {
    const query = isChecked ? CHECK_DAYS : READ_DAYS;
    return withD1Retry(() =>
      db.batch([
        db.prepare(READ_WITHOUT_ROLLUPS).bind(siteId, dayStart(firstDay), hourOf(last)),
        db.prepare(query).bind(siteId, JSON.stringify(pointIds), firstDay, lastDay, hourOf(last)),
      ]),
    );
  });
  const withoutRollups = withoutRollupsSchema.parse(withoutRollupsRows?.results);
  const days = daysSchema.parse(dayRows?.results);
  const byPoint = Map.groupBy(days, ({ id }) => id);
  const hours = new Map(pointIds.map((id) => [id, hoursToRead(byPoint.get(id) ?? [], withoutRollups, start)]));
  const version = [...hours].map(([id, hoursOfPoint]) => {
    const daysOfPoint = (byPoint.get(id) ?? []).filter(({ day }) => hoursOfPoint.some((hour) => dayOf(hour) === day));
    return [
      hoursOfPoint,
      withoutRollups.filter(({ hour }) => hoursOfPoint.includes(hour)),
      daysOfPoint.map(({ day, is_settled, etag, build, state, hot }) => [day, is_settled, etag, build, state, hot]),
    ];
  });
  const uncertain = new Set(days.flatMap(({ id, counts }) => (counts === null ? [id] : [])));
  return { start, hours, uncertain, state: version };
}

/** The newest hours of a point that may hold its last sample before `start`. @param start epoch ms */
function hoursToRead(
  days: readonly { readonly day: number; readonly counts: readonly number[] | null }[],
  withoutRollups: readonly { readonly hour: number }[],
  start: number,
): number[] {
  const hoursOf = (day: number, has: (index: number) => boolean) =>
    HOURS.flatMap((i) => (has(i) && dayStart(day) + i * HOUR_MS < start ? [dayStart(day) + i * HOUR_MS] : []));
  const counted = days.flatMap(({ day, counts }) => (counts === null ? [] : hoursOf(day, (i) => counts[i]! > 0)));
  const possible = days.flatMap(({ day, counts }) => (counts === null ? hoursOf(day, () => true) : []));
  // In the hour that holds `start`, all samples may be after it.
  const whole = Math.max(...counted.filter((hour) => hour + HOUR_MS <= start));
  const all = [...counted, ...possible, ...withoutRollups.map(({ hour }) => hour)].filter((hour) => hour >= whole);
  return [...new Set(all)].sort((a, b) => b - a);
}

/** Last samples before a range. */
export interface ValuesBefore {
  /** the last sample of each point, by id; absent: none, or not readable */
  readonly last: ReadonlyMap<number, { readonly time: number; readonly value: number }>;
  /** whether a day's file or a segment could not be read */
  readonly isPartial: boolean;
  readonly unreadable: readonly UnreadableDay[];
}

/**
 * Reads the last sample of each point before a range, from both levels. Costs two statements of D1, and at most two
 * reads of R2 per point.
 * @throws the error of D1, after retries
 */
export async function readBeforeRange(
  cold: ColdLevel,
  points: readonly NamedPoint[],
  { start, hours, uncertain }: BeforeRange,
  cost: { readonly hot: ReadCost; readonly cold: RangeCost },
): Promise<ValuesBefore> {
  // Reads the hot level first: data settled after that is in both levels, never in neither.
  const before = { siteId: cold.siteId, hours, range: { start: Number.NEGATIVE_INFINITY, end: start } };
  const { series: hot, damaged } = await readSeriesBeside(cold.db, before, NOTHING_BESIDE, cost.hot);
  const wanted = points.flatMap(({ id }) => {
    const newest = hot.get(id)?.times.at(-1);
    const days = new Set((hours.get(id) ?? []).map(dayOf));
    return [...days].flatMap((day) => (newest === undefined || day >= dayOf(newest) ? [{ pointId: id, day }] : []));
  });
  const stored = wanted.length === 0 ? NO_DAYS : await readStoredDays(cold.db, cold.siteId, wanted);
  const read = await readBlock(cold, planFiles(stored.days, stored.pointDays, points), points, cost.cold);
  const lostDays = new Set([
    ...read.unreadable.map(({ day }) => day),
    ...read.misplaced.flatMap(({ day, absent }) => (absent.length > 0 ? [day] : [])),
    ...stored.days.flatMap(({ day, state }) => (state === "suspect" ? [day] : [])),
  ]);
  const settled = Map.groupBy(stored.pointDays, ({ pointId }) => pointId);
  const found = new Map<number, { readonly time: number; readonly value: number }>();
  let isPartial = false;
  for (const { id, name } of points) {
    const days = (settled.get(id)?.map(({ day }) => day) ?? []).sort((a, b) => a - b);
    const series = days.flatMap((day) => read.days.get(day)?.get(name) ?? []);
    const joined = joinDays(series, { start: Number.NEGATIVE_INFINITY, end: start });
    const { times, values: all } = mergeStored(joined, hot.get(id) ?? NO_STORED_SERIES, read.askedAt);
    const last = times.length === 0 ? null : { time: times.at(-1)!, value: all.at(-1)! };
    // An unreadable file or segment may hold a later sample.
    const isLost =
      days.some((day) => lostDays.has(day) && (last === null || day >= dayOf(last.time))) ||
      damaged.some(({ key, range }) => placeOfKey(key).block === blockOf(id) && range.end > (last?.time ?? 0));
    if (isLost || (last === null && uncertain.has(id))) isPartial = true;
    else if (last !== null) found.set(id, last);
  }
  return { last: found, isPartial, unreadable: read.unreadable };
}

/** Used if nothing is carried forward. */
export const NOTHING_BEFORE: ValuesBefore = { last: new Map(), isPartial: false, unreadable: [] };

const NO_DAYS = { days: [], pointDays: [] };
