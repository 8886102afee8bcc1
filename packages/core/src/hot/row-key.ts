import { HOUR_MS } from "../domain/hour.ts";

/**
 * The key of a hot row is one integer, hour x 2^20 + point, `hour` being the whole hours since 1970. As the rowid it
 * is the table's only B-tree, sorted by hour and then by point. A key of two columns takes a table WITHOUT ROWID,
 * which keeps no more than a quarter of a page of a row beside its key: two and a half times the bytes.
 */
const POINT_BITS = 20;
const POINTS = 2 ** POINT_BITS;

/** @param hour epoch ms, start of a UTC hour @param pointId below 2^20, as the schema demands */
export function rowKey(hour: number, pointId: number): number {
  return (hour / HOUR_MS) * POINTS + pointId;
}

/** The start of a key's hour, epoch ms. In SQL: `(hour_point >> 20) * 3600000`. */
export function hourOfKey(key: number): number {
  return Math.floor(key / POINTS) * HOUR_MS;
}

/** The point of a key. In SQL: `hour_point & 1048575`. */
export function pointOfKey(key: number): number {
  return key - Math.floor(key / POINTS) * POINTS;
}
