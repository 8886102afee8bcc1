import { z } from "zod";
import { readChecked } from "../d1/read-checked.ts";
import { withD1Retry } from "../d1/retry.ts";
import {
  blockDayKeySql,
  CHECKED_TABLE,
  DAY_OF_ROW,
  DAYS_END,
  pathSql,
  rowKeySql,
  SITE_ROW_BLOCKS,
  TABLE,
} from "./block-day-key.ts";

/** ?1: point, as text, ?2: first day, ?3: maximum of days. */
const DAYS_WITH_POINT = `
SELECT ${DAY_OF_ROW} AS day FROM ${TABLE}
WHERE d.key >= ${blockDayKeySql("?1", "?2")} AND d.key < ${blockDayKeySql("?1", DAYS_END)}
  AND (d.places IS NULL OR d.places ->> ${pathSql("?1", "[2]")} IS NOT NULL)
ORDER BY d.key LIMIT ?3`;
/** A damaged row counts as one whose file has the point, because it may have it. */
const CHECK_DAYS_WITH_POINT = DAYS_WITH_POINT.replace(TABLE, CHECKED_TABLE);

const daysSchema = z.array(z.object({ day: z.int() }));

/** The first days from `from` on whose file has samples of a point, ascending. */
export async function daysWithPoint(db: D1Database, pointId: number, from: number, maxDays: number): Promise<number[]> {
  const { results } = await readChecked((isChecked) => {
    const query = isChecked ? CHECK_DAYS_WITH_POINT : DAYS_WITH_POINT;
    return withD1Retry(() => db.prepare(query).bind(String(pointId), from, maxDays).all());
  });
  return daysSchema.parse(results).map(({ day }) => day);
}

/** A day's file by `block_days`. */
export interface LocatedDay {
  readonly points: number;
  readonly rows: number;
}

/** ?1: site, ?2 and ?3: first and last day. */
const LOCATED_DAYS = `
SELECT ${DAY_OF_ROW} AS day, count(*) AS points, sum(e.value ->> 2) AS rows
FROM ${SITE_ROW_BLOCKS} b
CROSS JOIN block_days d ON d.key >= ${rowKeySql("b.block", "?2")} AND d.key <= ${rowKeySql("b.block", "?3")}
CROSS JOIN json_each(d.places) e
-- a damaged row would fail the whole statement
WHERE json_valid(d.places, 8) AND e.value ->> 2 IS NOT NULL GROUP BY 1`;

const locatedSchema = z.array(z.object({ day: z.int(), points: z.int(), rows: z.int() }));

/** A site's days, first and last included, whose file has points in `block_days`. */
export async function readLocatedDays(
  db: D1Database,
  siteId: number,
  first: number,
  last: number,
): Promise<Map<number, LocatedDay>> {
  const { results } = await withD1Retry(() => db.prepare(LOCATED_DAYS).bind(siteId, first, last).all());
  return new Map(locatedSchema.parse(results).map(({ day, ...located }) => [day, located]));
}

/**
 * A point that fell silent long ago costs a row read for each day since. ?1: last day, ?2: JSON array of [point id,
 * first day].
 */
const READ_LAST_DAYS = `
SELECT p.value ->> 0 AS id, (
  SELECT ${DAY_OF_ROW} FROM ${TABLE}
  WHERE d.key >= ${blockDayKeySql("p.value ->> 0", "(p.value ->> 1)")}
    AND d.key <= ${blockDayKeySql("p.value ->> 0", "?1")}
    AND (d.places IS NULL OR d.places ->> ${pathSql("(p.value ->> 0)", "[2]")} IS NOT NULL)
  ORDER BY d.key DESC LIMIT 1
) AS day
FROM json_each(?2) p`;
/** A damaged row counts as one whose file has the point, because it may have it. */
const CHECK_LAST_DAYS = READ_LAST_DAYS.replace(TABLE, CHECKED_TABLE);

const lastDaysSchema = z.array(z.object({ id: z.int(), day: z.int().nullable() }));

/** A point, and the first day whose file may have its newest sample. */
export interface SinceDay {
  readonly id: number;
  readonly day: number;
}

/** The last day up to `newest` whose file has each point; a point is absent if no file since its `day` has it. */
export async function readLastDays(
  db: D1Database,
  newest: number,
  points: readonly SinceDay[],
): Promise<Map<number, number>> {
  const json = JSON.stringify(points.map(({ id, day }) => [id, day]));
  const { results } = await readChecked((isChecked) => {
    const query = isChecked ? CHECK_LAST_DAYS : READ_LAST_DAYS;
    return withD1Retry(() => db.prepare(query).bind(newest, json).all());
  });
  return new Map(lastDaysSchema.parse(results).flatMap(({ id, day }) => (day === null ? [] : [[id, day] as const])));
}
