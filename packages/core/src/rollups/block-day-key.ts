import { DAYS } from "../domain/day.ts";

/**
 * Points that share a row of `block_days`, for one UTC day. 16 makes reads of one point's year fastest; reads of points
 * from all over the site take as long as with one row per point (docs/decisions/0022). A block of 128 holds points of
 * one site only, so a row does too.
 */
const POINTS_PER_ROW = 16;

/** `block_days.key`: the days of 16 points are adjacent. @param day whole days since 1970 */
export function blockDayKey(pointId: number, day: number): number {
  return Math.floor(pointId / POINTS_PER_ROW) * DAYS + day;
}

/** The day of a key. */
export function dayOfKey(key: number): number {
  return key % DAYS;
}

/** The ids of all 16 points of each row that some points share, both ascending. */
export function pointsOfRows(pointIds: readonly number[]): number[][] {
  const firstIds = new Set(pointIds.map((id) => id - (id % POINTS_PER_ROW)));
  return [...firstIds]
    .sort((a, b) => a - b)
    .map((firstId) => Array.from({ length: POINTS_PER_ROW }, (_, i) => firstId + i));
}

// The same in SQL. Each parameter is an SQL expression of an integer.

/** The blocks of 16 of the points of the site ?1: a subquery of the column `block`. */
export const SITE_ROW_BLOCKS = "(SELECT DISTINCT id >> 4 AS block FROM points WHERE site_id = ?1)";

/** The block of 16 of a point. */
export function rowBlockSql(pointId: string): string {
  return `((${pointId}) >> 4)`;
}

/** The key of a block of 16. */
export function rowKeySql(block: string, day: string): string {
  return `(((${block}) << 16) + (${day}))`;
}

/** {@link blockDayKey} */
export function blockDayKeySql(pointId: string, day: string): string {
  return rowKeySql(rowBlockSql(pointId), day);
}

/** Behind the last day of a key. */
export const DAYS_END = String(DAYS);

/** The day of the row `d`. */
export const DAY_OF_ROW = `(d.key & ${DAYS - 1})`;

/**
 * A point's path in `places` and `quality`, as SQL.
 * @param pointId SQL expression of an integer @param index `"[0]"` and so on: one of its values
 */
export function pathSql(pointId: string, index: string): string {
  return `('$."' || ${pointId} || '"${index}')`;
}

/** `block_days` in SQL, and the same with `places` NULL where they are damaged, for `readChecked`. */
export const ROWS = "block_days";
export const CHECKED_ROWS =
  "(SELECT key, hours, CASE WHEN json_valid(places, 8) THEN places END AS places FROM block_days)";
export const TABLE = `${ROWS} d`;
export const CHECKED_TABLE = `${CHECKED_ROWS} d`;
