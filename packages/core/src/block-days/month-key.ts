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

/** In SQL: the month of a day. @param day SQL expression of ours */
export function monthOfDaySql(day: string): string {
  return `(strftime('%Y', (${day}) * 86400, 'unixepoch') * 12 + strftime('%m', (${day}) * 86400, 'unixepoch') - 23641)`;
}

/** In SQL: the first day of a month. @param month SQL expression of ours */
export function firstDaySql(month: string): string {
  return `(unixepoch('1970-01-01', '+' || (${month}) || ' months') / 86400)`;
}
