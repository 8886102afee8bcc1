import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { extentBytes, type RowGroupExtent } from "./locator.ts";
import { groupReads, planRanges } from "./read-plan.ts";

/** A row group of 30 bytes from `offset`, or its beginning. */
const extent = (offset: number, valueBytes = 15): RowGroupExtent => ({
  offset,
  timeBytes: 10,
  nameBytes: 5,
  valueBytes,
  rows: 80,
  crc32: valueBytes,
});
const wanted = (name: string, group: RowGroupExtent, firstRow = 0) => ({
  name,
  locator: { group, firstRow, rows: 10 },
});
const reads = (...offsets: number[]) => offsets.map((offset) => ({ group: extent(offset), points: null }));
const spans = (ranges: ReturnType<typeof planRanges>) => ranges.map(({ offset, length }) => [offset, length]);

describe("groupReads", () => {
  test("returns each row group once, up to its last wanted point", () => {
    const all = [
      wanted("d", extent(100, 9), 10),
      wanted("a", extent(4, 7), 20),
      wanted("e", extent(100, 12), 20),
      wanted("c", extent(100, 4), 0),
    ];
    expect(groupReads(all)).toEqual([
      { group: extent(4, 7), points: [{ name: "a", expected: { firstRow: 20, rows: 10 } }] },
      {
        group: extent(100, 12),
        points: [
          { name: "d", expected: { firstRow: 10, rows: 10 } },
          { name: "e", expected: { firstRow: 20, rows: 10 } },
          { name: "c", expected: { firstRow: 0, rows: 10 } },
        ],
      },
    ]);
  });

  test("refuses a point that is wanted twice", () => {
    expect(() => groupReads([wanted("a", extent(4)), wanted("a", extent(100))])).toThrow("wanted twice");
  });

  test.each(["timeBytes", "nameBytes", "rows"] as const)("refuses locators that disagree about %s", (field) => {
    const other = { ...extent(4, 20), [field]: 99 };
    expect(() => groupReads([wanted("a", extent(4)), wanted("b", other, 10)])).toThrow("contradict");
  });

  test.each([
    ["the same bytes with another CRC-32", { ...extent(4), crc32: 99 }, 0],
    ["later rows that end where earlier ones do", extent(4), 10],
    ["later rows that end before earlier ones", extent(4, 14), 10],
    ["the same rows that end elsewhere", extent(4, 16), 0],
  ])("refuses %s", (_, group, firstRow) => {
    expect(() => groupReads([wanted("a", extent(4)), wanted("b", group, firstRow)])).toThrow("contradict");
  });
});

describe("planRanges", () => {
  test.each([
    ["nothing", [], 0, 1_000, []],
    ["one row group, exactly", [100], 0, 1_000, [[100, 30]]],
    ["neighbours that touch", [100, 130, 160], 0, 1_000, [[100, 90]]],
    ["a gap as long as allowed", [100, 135], 5, 1_000, [[100, 65]]],
    [
      "a gap too long",
      [100, 136],
      5,
      1_000,
      [
        [100, 30],
        [136, 30],
      ],
    ],
    [
      "as many as fit a request",
      [100, 130, 160],
      0,
      60,
      [
        [100, 60],
        [160, 30],
      ],
    ],
    ["one longer than a request should be", [100], 0, 10, [[100, 30]]],
  ])("fetches %s", (_, offsets, gap, most, expected) => {
    expect(spans(planRanges(reads(...offsets), gap, most))).toEqual(expected);
  });

  test("refuses row groups that overlap", () => {
    expect(() => planRanges(reads(100, 129))).toThrow("overlap");
  });

  test("covers each row group once, in order, within the given bounds", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50)), fc.nat(30), fc.integer({ min: 1, max: 300 }), (gaps, join, most) => {
        let at = 4;
        const groups = gaps.flatMap((gap) => {
          const offset = at + gap;
          at = offset + 30;
          return reads(offset);
        });
        const ranges = planRanges(groups, join, most);
        expect(ranges.flatMap((range) => range.groups)).toEqual(groups);
        for (const { offset, length, groups: groupsOfRange } of ranges) {
          const last = groupsOfRange.at(-1)!.group;
          expect([offset, offset + length]).toEqual([groupsOfRange[0]!.group.offset, last.offset + extentBytes(last)]);
          if (groupsOfRange.length > 1) expect(length).toBeLessThanOrEqual(most);
          expect(length).toBeLessThanOrEqual(groupsOfRange.length * 30 + (groupsOfRange.length - 1) * join);
        }
      }),
    );
  });
});
