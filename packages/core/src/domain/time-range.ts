import { HOUR_MS, hourOf } from "./hour.ts";

/** A half-open range of time [start, end) in epoch milliseconds. */
export interface TimeRange {
  readonly start: number;
  /** exclusive */
  readonly end: number;
}

/** @throws {RangeError} unless both bounds are whole milliseconds and start < end. */
export function timeRange(start: number, end: number): TimeRange {
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start >= end) {
    throw new RangeError(`time range: found [${start}, ${end}), expected whole milliseconds with start < end`);
  }
  return { start, end };
}

/** The first `lengthMs` of a range, or all of it. */
export function firstPiece(range: TimeRange, lengthMs: number): TimeRange {
  return { start: range.start, end: Math.min(range.end, range.start + lengthMs) };
}

/** Starts of the UTC hours that a range touches, ascending, epoch milliseconds. */
export function hoursOf(range: TimeRange): number[] {
  const hours: number[] = [];
  for (let hour = hourOf(range.start); hour < range.end; hour += HOUR_MS) hours.push(hour);
  return hours;
}

/** Whether two ranges overlap. */
export function overlap(a: TimeRange, b: TimeRange): boolean {
  return a.start < b.end && b.start < a.end;
}

/** Cuts a range to another one that overlaps it. */
export function cut(range: TimeRange, within: TimeRange): TimeRange {
  return { start: Math.max(range.start, within.start), end: Math.min(range.end, within.end) };
}

/** Joins ranges that touch or overlap. The result is ascending and disjoint. */
export function mergeRanges(ranges: readonly TimeRange[]): TimeRange[] {
  const merged: { start: number; end: number }[] = [];
  for (const range of ranges.toSorted((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last !== undefined && range.start <= last.end) last.end = Math.max(last.end, range.end);
    else merged.push({ ...range });
  }
  return merged;
}
