import { blockDayKeySql, CHECKED_TABLE, DAY_OF_ROW, pathSql, TABLE } from "../rollups/block-day-key.ts";
import { HEAD_BYTES } from "../rollups/hour-slice.ts";
import { firstDaySql, monthKeySql, monthOfDaySql, monthOfKeySql, pointMonthKey } from "../rollups/month-key.ts";
import type { PackedRow } from "../rollups/packed-months.ts";
import { isInt, isText, orNull, rowsOf } from "../d1/checked-rows.ts";
import { DAY_MS } from "../domain/day.ts";

/** Days of a point per result row: at most 1,400 digits each; D1 returns at most 2 MB per row. */
export const DAYS_PER_ROW = 1_024;

/** The place of each point in `places` as JSON paths. Made once per point, because each day reads a row of it. */
const POINTS = `
points (id, at, length, rows) AS MATERIALIZED (
  SELECT value, ${pathSql("value", "[0]")}, ${pathSql("value", "[1]")}, ${pathSql("value", "[2]")} FROM json_each(?4)
)`;

/**
 * Months, cut to the range, that readers can take from `point_months` alone. For each of their days with a file it
 * holds the aggregates of all points; no other day has samples.
 */
const PACKED = `
packed (month, start, end) AS MATERIALIZED (
  SELECT m.month, max(m.first, ?2), min(m.end, ?3) FROM (
    SELECT month, ${firstDaySql("month")} AS first, ${firstDaySql("month + 1")} AS end, CASE WHEN json_valid(packed) THEN packed END AS list
    FROM month_files WHERE site_id = ?1 AND month >= ?9 AND month < ?10
  ) m
  WHERE json_array_length(m.list) = m.end - m.first AND NOT EXISTS (
    SELECT 1 FROM day_files f
    WHERE f.site_id = ?1 AND f.day >= max(m.first, ?2) AND f.day < min(m.end, ?3) AND f.key IS NOT NULL
      AND (f.generation < 1 OR m.list ->> ('$[' || (f.day - m.first) || ']') IS NOT f.generation)
  ) AND NOT EXISTS (
    SELECT 1 FROM hot_hours h
    WHERE h.site_id = ?1 AND h.hour >= max(m.first, ?2) * ${DAY_MS} AND h.hour < min(m.end, ?3) * ${DAY_MS}
      AND h.hour / ${DAY_MS} NOT IN (SELECT day FROM files)
  )
)`;

/**
 * One row per point and {@link DAYS_PER_ROW} days that are not packed, because a row per day doubles the time of D1 and
 * its client; and one row per point and packed month.
 * Returns only heads of slices if aggregates are not wanted. If ?8 is not NULL, only for the days of ?8 and of hours
 * without rollups.
 * ?1: site, ?2 and ?3: days, ?4: JSON array of point ids, ?5: limit of slices of files, ?6: limit of slices with
 * aggregates, ?7: JSON array of each row's first day, ?8: JSON array of days or NULL, ?9 and ?10: months.
 */
export const READ_SLICES = `
WITH files (day) AS MATERIALIZED (
  SELECT day FROM day_files WHERE site_id = ?1 AND day >= ?2 AND day < ?3 AND key IS NOT NULL
), hot (day, is_rolled_up) AS (
  SELECT hour / ${DAY_MS}, rolled_up_version IS version FROM hot_hours
  WHERE site_id = ?1 AND hour >= ?2 * ${DAY_MS} AND hour < ?3 * ${DAY_MS}
), size (files, is_whole) AS (
  SELECT json_array_length(?4) * (SELECT count(*) FROM files),
    json_array_length(?4) * (SELECT count(*) FROM (SELECT day FROM files UNION SELECT day FROM hot)) <= ?6
), ${PACKED}, some (day) AS (
  SELECT value FROM json_each(?8) UNION SELECT day FROM hot WHERE NOT is_rolled_up
), between_packed (start, end) AS (
  SELECT lag(end, 1, ?2) OVER (ORDER BY start), start FROM (SELECT start, end FROM packed UNION ALL SELECT ?3, NULL)
), spans (start, end, is_whole) AS (
  SELECT max(b.start, c.value), min(b.end, c.value + ${DAYS_PER_ROW}), is_whole
  FROM size CROSS JOIN between_packed b CROSS JOIN json_each(?7) c
  WHERE b.start < b.end AND b.start < c.value + ${DAYS_PER_ROW} AND b.end > c.value
    AND files <= ?5 AND (is_whole OR ?8 IS NULL)
  UNION ALL
  SELECT day, day + 1, 0 FROM some
  WHERE ?8 IS NOT NULL AND NOT EXISTS (SELECT 1 FROM packed p WHERE day >= p.start AND day < p.end)
    AND (SELECT files <= ?5 AND NOT is_whole FROM size)
), ${POINTS}
SELECT p.id, f.is_whole, (
  SELECT group_concat(${DAY_OF_ROW} || CASE
      WHEN length(d.hours) = 0 AND ${DAY_OF_ROW} IN (SELECT day FROM files) THEN '*'
      WHEN d.places IS NULL AND ${DAY_OF_ROW} IN (SELECT day FROM files) THEN '+'
      WHEN d.places ->> p.rows IS NULL THEN '-' ELSE '+' END ||
    hex(substr(d.hours, d.places ->> p.at,
      CASE WHEN f.is_whole THEN d.places ->> p.length ELSE min(d.places ->> p.length, ${HEAD_BYTES}) END)))
  FROM ${TABLE}
  WHERE d.key >= ${blockDayKeySql("p.id", "f.start")} AND d.key < ${blockDayKeySql("p.id", "f.end")}
    AND (d.places IS NULL OR d.places ->> p.at IS NOT NULL AND (f.is_whole OR d.places ->> p.rows IS NOT NULL))
) AS days, NULL AS month, NULL AS head, NULL AS hours, NULL AS is_skipped
FROM points p CROSS JOIN spans f
UNION ALL
SELECT p.id, s.is_whole, NULL, ${monthOfKeySql("m.key")}, hex(m.head), CASE WHEN s.is_whole THEN hex(m.hours) END,
  ${monthOfKeySql("m.key")} IN (SELECT month FROM packed)
FROM size s CROSS JOIN points p
CROSS JOIN point_months m ON m.key >= ${monthKeySql("p.id", "?9")} AND m.key < ${monthKeySql("p.id", "?10")}
WHERE s.files <= ?5
  AND (s.is_whole OR ?8 IS NULL OR ${monthOfKeySql("m.key")} IN (SELECT ${monthOfDaySql("day")} FROM some))`;

/**
 * Rows of {@link READ_SLICES}. A damaged row has an empty slice for each of its points: their files are read by footer,
 * and the aggregates are lost.
 */
export const CHECK_SLICES = READ_SLICES.replace(TABLE, CHECKED_TABLE);

/** Reads the point and day of a JSON array. */
const MONTH_KEY = monthKeySql("k.value ->> 0", monthOfDaySql("k.value ->> 1"));

/** The heads of slices. ?1: JSON array of [point id, day]. */
export const READ_SOME_SLICES = `
SELECT k.value ->> 0 AS id, 0 AS is_whole,
  (k.value ->> 1) || CASE WHEN length(d.hours) = 0 THEN '*' ELSE '+' END ||
    hex(substr(d.hours, d.places ->> ${pathSql("(k.value ->> 0)", "[0]")},
      min(d.places ->> ${pathSql("(k.value ->> 0)", "[1]")}, ${HEAD_BYTES}))) AS days,
  ${monthOfDaySql("k.value ->> 1")} AS month, hex(m.head) AS head, NULL AS hours, 0 AS is_skipped
FROM json_each(?1) k CROSS JOIN ${TABLE} ON d.key = ${blockDayKeySql("k.value ->> 0", "k.value ->> 1")}
LEFT JOIN point_months m ON m.key = ${MONTH_KEY} AND length(d.hours) = 0
WHERE d.places IS NULL OR d.places ->> ${pathSql("(k.value ->> 0)", "[2]")} IS NOT NULL`;
export const CHECK_SOME_SLICES = READ_SOME_SLICES.replace(TABLE, CHECKED_TABLE);

const sliceRows = rowsOf("block_days", {
  id: isInt,
  is_whole: isInt,
  days: orNull(isText),
  month: orNull(isInt),
  head: orNull(isText),
  hours: orNull(isText),
  is_skipped: orNull(isInt),
});

/** A point's day in `block_days`. */
export interface BlockDay {
  readonly pointId: number;
  readonly day: number;
  /** whether it holds the aggregates, or the head alone */
  readonly isWhole: boolean;
  /**
   * `file`: the day has a file with the point; `packed`: so it has, and the slice is in `point_months`; `open`: no file
   */
  readonly origin: "file" | "packed" | "open";
  /** hexadecimal */
  readonly hex: string;
}

/** Separates a day from its slice. */
const MARKS: Readonly<Record<string, BlockDay["origin"]>> = { "+": "file", "*": "packed", "-": "open" };
const MARK = /[-+*]/;

/** A point's month in `point_months`. */
export interface PointMonthRow extends PackedRow {
  readonly pointId: number;
  readonly month: number;
  /** whether `block_days` was skipped for it */
  readonly isSkipped: boolean;
}

/** Parses the result of {@link READ_SLICES} or {@link READ_SOME_SLICES}. @throws {Error} for malformed results */
export function parseSlices(results: unknown): { readonly blockDays: BlockDay[]; readonly packed: PointMonthRow[] } {
  const rows = sliceRows(results);
  const blockDays = rows.flatMap(({ id: pointId, is_whole, days }) =>
    (days === null ? [] : days.split(",")).map((text): BlockDay => {
      const mark = text.search(MARK);
      if (mark < 1) throw new Error(`block_days: found "${text.slice(0, 20)}", expected a day and a slice`);
      const origin = MARKS[text[mark]!]!;
      return { pointId, day: Number(text.slice(0, mark)), isWhole: is_whole === 1, origin, hex: text.slice(mark + 1) };
    }),
  );
  const packed = rows.flatMap(({ id: pointId, month, head, hours, is_skipped }) => {
    if (month === null || head === null || head === "") return [];
    return [{ key: pointMonthKey(pointId, month), pointId, month, head, hours, isSkipped: is_skipped === 1 }];
  });
  return { blockDays, packed };
}
