import { DAYS } from "../domain/day.ts";

// The key of a segment is one integer below 2^53, made of block, day and stamp. So the rowid is the table's only
// B-tree, and the segments of a block's day are adjacent in the order of their commits. A key of two columns would cost
// a second row written.

/** Stamps of a site are below this. */
export const STAMPS = 2 ** 24;

/**
 * @param day whole days since 1970 @throws {RangeError} for a day or a stamp beyond the range of keys
 */
export function segmentKey(block: number, day: number, stamp: number): number {
  if (day < 0 || day >= DAYS || stamp < 0 || stamp >= STAMPS) {
    throw new RangeError(`segment key: day ${day} or stamp ${stamp} is out of range`);
  }
  return lateKey(block, day) * STAMPS + stamp;
}

export interface SegmentPlace {
  readonly block: number;
  /** whole days since 1970 */
  readonly day: number;
  /** order of the commit within the site */
  readonly stamp: number;
}

export function placeOfKey(key: number): SegmentPlace {
  const blockDay = Math.floor(key / STAMPS);
  const block = Math.floor(blockDay / DAYS);
  return { block, day: blockDay - block * DAYS, stamp: key - blockDay * STAMPS };
}

/** The key of a block's day in `late_samples`: {@link segmentKey} without the stamp. @param day whole days since 1970 */
export function lateKey(block: number, day: number): number {
  return block * DAYS + day;
}

// The same in SQL. Each parameter is an SQL expression of an integer.

/** The blocks of the points of the site ?1: a subquery of the column `block`. */
export const SITE_BLOCKS = "(SELECT DISTINCT id >> 7 AS block FROM points WHERE site_id = ?1)";

export function blockSql(pointId: string): string {
  return `((${pointId}) >> 7)`;
}

export function lateKeySql(block: string, day: string): string {
  return `(((${block}) << 16) + (${day}))`;
}

/** The first key of a block's day; add a stamp for a segment's. */
export function segmentKeySql(block: string, day: string): string {
  return `(${lateKeySql(block, day)} << 24)`;
}

/** Whether a segment belongs to the block of a point. */
export function isOfBlockSql(key: string, pointId: string): string {
  const block = blockSql(pointId);
  return `${key} >= ${segmentKeySql(block, "0")} AND ${key} < ${segmentKeySql(`${block} + 1`, "0")}`;
}

export function dayOfSegmentSql(key: string): string {
  return `((${key}) >> 24 & 65535)`;
}

export function stampOfSegmentSql(key: string): string {
  return `((${key}) & 16777215)`;
}

/** The first point id of a segment's block. */
export function firstPointSql(key: string): string {
  return `((${key}) >> 40 << 7)`;
}
