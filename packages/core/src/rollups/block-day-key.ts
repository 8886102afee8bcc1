import { DAYS } from "../domain/day.ts";

/**
 * Points that share a row of `block_days`, for one UTC day. 16 makes reads of one point's year fastest; reads of points
 * from all over the site take as long as with one row per point (docs/decisions/0022). A block of 128 holds points of
 * one site only, so a row does too.
 */
export const POINTS_PER_ROW = 16;

/** `block_days.key`: the days of 16 points are adjacent. @param day whole days since 1970 */
export function blockDayKey(pointId: number, day: number): number {
  return Math.floor(pointId / POINTS_PER_ROW) * DAYS + day;
}

/** The day of a key. */
export function dayOfKey(key: number): number {
  return key % DAYS;
}

/** {@link blockDayKey} in SQL. @param pointId SQL expression, like `day` */
export function rowKeySql(pointId: string, day: string): string {
  return `((((${pointId}) >> 4) << 16) + (${day}))`;
}

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
