import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HOUR_MS, hourOf } from "./hour.ts";
import { firstPiece, hoursOf, mergeRanges, type TimeRange, timeRange } from "./time-range.ts";

const anyRange = (min: number, max: number) =>
  fc
    .tuple(fc.integer({ min, max }), fc.integer({ min, max }))
    .map(([a, b]): TimeRange => ({ start: Math.min(a, b), end: Math.max(a, b) + 1 }));

describe("timeRange", () => {
  test("takes ascending whole milliseconds", () => {
    expect(timeRange(-1, 0)).toEqual({ start: -1, end: 0 });
  });

  test.each([
    [0, 0],
    [1, 0],
    [0.5, 2],
    [0, 1.5],
    [Number.NaN, 1],
    [0, Number.NaN],
    [-Infinity, 0],
    [0, Infinity],
    [0, 2 ** 53],
  ])("refuses [%d, %d)", (start, end) => {
    expect(() => timeRange(start, end)).toThrow(RangeError);
  });
});

describe("hourOf", () => {
  test.each([
    [0, 0],
    [1, 0],
    [HOUR_MS - 1, 0],
    [HOUR_MS, HOUR_MS],
    [-1, -HOUR_MS],
    [-HOUR_MS, -HOUR_MS],
    [-HOUR_MS - 1, -2 * HOUR_MS],
    [Date.UTC(2025, 9, 12, 14, 50, 36, 55), Date.UTC(2025, 9, 12, 14)],
  ])("%i lies in the hour %i", (time, hour) => {
    expect(hourOf(time)).toBe(hour);
  });
});

describe("hoursOf", () => {
  test.each([
    [0, 1, [0]],
    [0, HOUR_MS, [0]],
    [0, HOUR_MS + 1, [0, HOUR_MS]],
    [HOUR_MS - 1, HOUR_MS, [0]],
    [HOUR_MS - 1, HOUR_MS + 1, [0, HOUR_MS]],
    [-1, 1, [-HOUR_MS, 0]],
    [5, 5, [0]],
    [0, 0, []],
  ])("[%i, %i) touches %j", (start, end, hours) => {
    expect(hoursOf({ start, end })).toEqual(hours);
  });

  test("are exactly the hours that share a millisecond with the range", () => {
    fc.assert(
      fc.property(anyRange(-3 * HOUR_MS, 3 * HOUR_MS), (range) => {
        const candidates = [-4, -3, -2, -1, 0, 1, 2, 3, 4].map((n) => n * HOUR_MS);
        const touched = candidates.filter((hour) => hour < range.end && hour + HOUR_MS > range.start);
        expect(hoursOf(range)).toEqual(touched);
      }),
    );
  });
});

describe("firstPiece", () => {
  test.each([
    [0, 10, 4, 4],
    [0, 10, 10, 10],
    [0, 10, 11, 10],
    [-5, 10, 5, 0],
  ])("of [%i, %i) at most %i ms ends at %i", (start, end, lengthMs, pieceEnd) => {
    expect(firstPiece({ start, end }, lengthMs)).toEqual({ start, end: pieceEnd });
  });

  test("repeated pieces tile the range", () => {
    fc.assert(
      fc.property(anyRange(-50, 50), fc.integer({ min: 1, max: 30 }), (range, lengthMs) => {
        const pieces: TimeRange[] = [];
        for (let rest = range; rest.start < rest.end; rest = { start: pieces.at(-1)!.end, end: range.end }) {
          pieces.push(firstPiece(rest, lengthMs));
        }
        expect(pieces.length).toBe(Math.ceil((range.end - range.start) / lengthMs));
        expect(mergeRanges(pieces)).toEqual([range]);
      }),
    );
  });
});

describe("mergeRanges", () => {
  test.each<[[number, number][], [number, number][]]>([
    [[], []],
    [[[1, 2]], [[1, 2]]],
    // touching, overlapping, nested, the same twice
    [
      [
        [3, 5],
        [1, 3],
      ],
      [[1, 5]],
    ],
    [
      [
        [1, 4],
        [3, 5],
      ],
      [[1, 5]],
    ],
    [
      [
        [1, 9],
        [3, 5],
      ],
      [[1, 9]],
    ],
    [
      [
        [1, 9],
        [1, 9],
      ],
      [[1, 9]],
    ],
    [
      [
        [6, 8],
        [1, 5],
      ],
      [
        [1, 5],
        [6, 8],
      ],
    ],
    [
      [
        [1, 9],
        [2, 3],
        [9, 11],
        [12, 13],
      ],
      [
        [1, 11],
        [12, 13],
      ],
    ],
  ])("%j is %j", (ranges, merged) => {
    const asRanges = (pairs: [number, number][]) => pairs.map(([start, end]) => ({ start, end }));
    expect(mergeRanges(asRanges(ranges))).toEqual(asRanges(merged));
  });

  test("covers the same milliseconds, ascending, disjoint, in a new array", () => {
    const covered = (ranges: readonly TimeRange[]) => {
      const times = new Set<number>();
      for (const { start, end } of ranges) for (let t = start; t < end; t++) times.add(t);
      return [...times].toSorted((a, b) => a - b);
    };
    fc.assert(
      fc.property(fc.array(anyRange(-30, 30), { maxLength: 8 }), (ranges) => {
        const before = structuredClone(ranges);
        const merged = mergeRanges(ranges);
        expect(covered(merged)).toEqual(covered(ranges));
        expect(merged.every((range, i) => i === 0 || merged[i - 1]!.end < range.start)).toBe(true);
        expect(ranges).toEqual(before);
      }),
    );
  });
});
