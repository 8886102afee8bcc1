import { DAY_S } from "../domain/day.ts";
import { MONTHS } from "../domain/month.ts";

/** `point_months.key`: the months of a point lie together. @param month whole months since January 1970 */
export function pointMonthKey(pointId: number, month: number): number {
  return pointId * MONTHS + month;
}

/** The point and the month of a key. */
export function pointAndMonth(key: number): { readonly pointId: number; readonly month: number } {
  return { pointId: Math.floor(key / MONTHS), month: key % MONTHS };
}

/** {@link pointMonthKey} in SQL. @param pointId and `month`: SQL expressions of ours */
export function monthKeySql(pointId: string, month: string): string {
  return `(((${pointId}) << 12) + (${month}))`;
}

/** In SQL: whether a key is of a point. @param key and `pointId`: SQL expressions of ours */
export function isOfPointSql(key: string, pointId: string): string {
  return `${key} >= ${monthKeySql(pointId, "0")} AND ${key} < ${monthKeySql(pointId, String(MONTHS))}`;
}

/** In SQL: the month of a key. @param key SQL expression of ours */
export function monthOfKeySql(key: string): string {
  return `(${key} & ${MONTHS - 1})`;
}

/** January 1970, as months are counted by year and number. */
const EPOCH = 1970 * 12 + 1;

/** In SQL: the month of a day. @param day SQL expression of ours */
export function monthOfDaySql(day: string): string {
  const part = (format: string) => `strftime('${format}', (${day}) * ${DAY_S}, 'unixepoch')`;
  return `(${part("%Y")} * 12 + ${part("%m")} - ${EPOCH})`;
}

/** In SQL: the first day of a month. @param month SQL expression of ours */
export function firstDaySql(month: string): string {
  return `(unixepoch('1970-01-01', '+' || (${month}) || ' months') / ${DAY_S})`;
}
