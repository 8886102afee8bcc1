import { DAYS } from "../domain/day.ts";

// The key of a segment is one integer below 2^53: block, day and stamp, so that the rowid is the table's only B-tree and the segments of a
// block's day lie together in the order in which they were committed. A key of two columns costs a second row written.

/** Stamps of a site are below this. */
export const STAMPS = 2 ** 24;

/**
 * In SQL: `(((block << 16) + day) << 24) + stamp`.
 * @param day whole days since 1970 @throws {RangeError} for a day or a stamp that a key has no room for
 */
export function segmentKey(block: number, day: number, stamp: number): number {
  if (day < 0 || day >= DAYS || stamp < 0 || stamp >= STAMPS) {
    throw new RangeError(`a segment's key has no room for day ${day} and stamp ${stamp}`);
  }
  return (block * DAYS + day) * STAMPS + stamp;
}

export interface SegmentPlace {
  readonly block: number;
  /** whole days since 1970 */
  readonly day: number;
  /** the order of commits within the site */
  readonly stamp: number;
}

export function placeOfKey(key: number): SegmentPlace {
  const blockDay = Math.floor(key / STAMPS);
  const block = Math.floor(blockDay / DAYS);
  return { block, day: blockDay - block * DAYS, stamp: key - blockDay * STAMPS };
}

/** SQL: the first key of a block's day; `+ stamp` is a segment's. @param block and `day`: SQL expressions of ours */
export function keySql(block: string, day: string): string {
  return `((((${block}) << 16) + (${day})) << 24)`;
}
