import { DAYS } from "../domain/day.ts";

// The key of a segment is one integer below 2^53, made of block, day and stamp. So the rowid is the table's only
// B-tree, and the segments of a block's day are adjacent in the order of their commits. A key of two columns would cost
// a second row written.

/** Stamps of a site are below this. */
export const STAMPS = 2 ** 24;

/**
 * In SQL: `(((block << 16) + day) << 24) + stamp`.
 * @param day whole days since 1970 @throws {RangeError} for a day or a stamp beyond the range of keys
 */
export function segmentKey(block: number, day: number, stamp: number): number {
  if (day < 0 || day >= DAYS || stamp < 0 || stamp >= STAMPS) {
    throw new RangeError(`segment key: day ${day} or stamp ${stamp} is out of range`);
  }
  return (block * DAYS + day) * STAMPS + stamp;
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

/** The first key of a block's day, in SQL; add a stamp for a segment's. @param block SQL expression, like `day` */
export function keySql(block: string, day: string): string {
  return `((((${block}) << 16) + (${day})) << 24)`;
}
