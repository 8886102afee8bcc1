import { DAY_S } from "../domain/day.ts";
import { MONTHS } from "../domain/month.ts";

/** `point_months.key`: the months of a point are adjacent. @param month whole months since January 1970 */
export function pointMonthKey(pointId: number, month: number): number {
  return pointId * MONTHS + month;
}

/** The point and the month of a key. */
export function pointAndMonth(key: number): { readonly pointId: number; readonly month: number } {
  return { pointId: Math.floor(key / MONTHS), month: key % MONTHS };
}

/** {@link pointMonthKey} in SQL. @param pointId SQL expression, like `month` */
export function monthKeySql(pointId: string, month: string): string {
  return `(((${pointId}) << 12) + (${month}))`;
}

/** Whether a key belongs to a point, in SQL. @param key SQL expression, like `pointId` */
export function isOfPointSql(key: string, pointId: string): string {
  return `${key} >= ${monthKeySql(pointId, "0")} AND ${key} < ${monthKeySql(pointId, String(MONTHS))}`;
}

/** The month of a key, in SQL. @param key SQL expression */
export function monthOfKeySql(key: string): string {
  return `(${key} & ${MONTHS - 1})`;
}

/** January 1970 as year × 12 + month. */
const EPOCH = 1970 * 12 + 1;

/** The month of a day, in SQL. @param day SQL expression */
export function monthOfDaySql(day: string): string {
  const part = (format: string) => `strftime('${format}', (${day}) * ${DAY_S}, 'unixepoch')`;
  return `(${part("%Y")} * 12 + ${part("%m")} - ${EPOCH})`;
}

/** The first day of a month, in SQL. @param month SQL expression */
export function firstDaySql(month: string): string {
  return `(unixepoch('1970-01-01', '+' || (${month}) || ' months') / ${DAY_S})`;
}
