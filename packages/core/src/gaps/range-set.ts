import { mergeRanges, type TimeRange } from "../domain/time-range.ts";

/** The intersection, ascending. Ranges may end at Infinity, here and below. @param a and `b`: ascending and disjoint */
export function intersectRanges(a: readonly TimeRange[], b: readonly TimeRange[]): TimeRange[] {
  const common: TimeRange[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    const start = Math.max(a[i]!.start, b[j]!.start);
    const end = Math.min(a[i]!.end, b[j]!.end);
    if (start < end) common.push({ start, end });
    if (a[i]!.end < b[j]!.end) i++;
    else j++;
  }
  return common;
}

/** The parts of `ranges` outside `others`. @param ranges and `others`: ascending and disjoint */
export function subtractRanges(ranges: readonly TimeRange[], others: readonly TimeRange[]): TimeRange[] {
  const first = others[0];
  const outside: TimeRange[] = first === undefined ? [] : [{ start: Number.NEGATIVE_INFINITY, end: first.start }];
  others.forEach(({ end }, i) => {
    outside.push({ start: end, end: others[i + 1]?.start ?? Number.POSITIVE_INFINITY });
  });
  return first === undefined ? [...ranges] : intersectRanges(ranges, outside);
}

/** Joins ranges that touch or overlap. */
export function unionRanges(...sets: readonly (readonly TimeRange[])[]): TimeRange[] {
  return mergeRanges(sets.flat());
}
