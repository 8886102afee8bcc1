import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HOUR_MS } from "../domain/hour.ts";
import { dayStart } from "../domain/day.ts";
import { hoursOfSegment, segmentJson, segmentsOf } from "./new-segments.ts";
import { decodeBody, encodeBody, type PointPart } from "./segment-body.ts";
import { placeOfKey } from "./segment-key.ts";

const DAY = 20_373;
const MAX_BODY = 500_000;

/** `n` samples a second apart, up to the last millisecond of the day, with the longest text of a double. */
const longPart = (pointId: number, n: number): PointPart => ({
  pointId,
  offsets: Array.from({ length: n }, (_, i) => 86_399_999 - 1_000 * (n - 1 - i)),
  values: Array.from({ length: n }, () => -0.0000012345678901234567),
});

/** All samples of parts as columns. */
const columnsOf = (parts: readonly PointPart[]) => ({
  ids: Int32Array.from(parts.flatMap(({ pointId, offsets }) => offsets.map(() => pointId))),
  offsets: Int32Array.from(parts.flatMap(({ offsets }) => offsets)),
  values: Float64Array.from(parts.flatMap(({ values }) => values)),
});

describe("a body has at most 500,000 characters", () => {
  test.each<[string, PointPart[], number]>([
    ["a point of 86,400 samples", [longPart(5, 86_400)], 7],
    ["a block of 128 points of 300 samples", Array.from({ length: 128 }, (_, i) => longPart(128 + i, 300)), 3],
    ["a point of 20,000 samples between small ones", [longPart(1, 2), longPart(2, 20_000), longPart(3, 2)], 2],
    ["a block that one segment just holds", Array.from({ length: 13 }, (_, i) => longPart(1 + i, 1_000)), 1],
  ])("%s", (_, parts, count) => {
    const segments = segmentsOf(DAY, 9, parts);
    expect(segments.length).toBe(count);
    for (const segment of segments) {
      expect(segment).toMatchObject({ day: DAY, asked: 9 });
      expect(encodeBody(segment.parts).length).toBeLessThanOrEqual(MAX_BODY);
      expect(new Set(segment.parts.map(({ pointId }) => pointId)).size).toBe(segment.parts.length);
    }
    expect(columnsOf(segments.flatMap((segment) => segment.parts))).toStrictEqual(columnsOf(parts));
  });
});

test("each block has its own segment, which its points share", () => {
  const ids = [1, 127, 128, 255, 256, 1_000];
  const segments = segmentsOf(
    DAY,
    0,
    ids.map((id) => longPart(id, 3)),
  );
  expect(segments.map(({ block, parts }) => [block, parts.map(({ pointId }) => pointId)])).toEqual([
    [0, [1, 127]],
    [1, [128, 255]],
    [2, [256]],
    [7, [1_000]],
  ]);
  expect(segmentsOf(DAY, 0, [])).toEqual([]);
});

test("a row has key, offsets and body; its hours are those with samples", () => {
  const offset = fc.oneof(
    fc.constantFrom(0, HOUR_MS - 1, HOUR_MS, 24 * HOUR_MS - 1),
    fc.nat({ max: 24 * HOUR_MS - 1 }),
  );
  const offsets = fc.uniqueArray(offset, { minLength: 1, maxLength: 6 });
  const anyParts = fc.uniqueArray(fc.tuple(fc.integer({ min: 128, max: 255 }), offsets), {
    selector: ([id]) => id,
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(
    fc.property(anyParts, fc.integer({ min: 1, max: 2 ** 24 - 1 }), (given, stamp) => {
      const parts = given
        .toSorted(([a], [b]) => a - b)
        .map(([pointId, drawn]): PointPart => ({
          pointId,
          offsets: drawn.toSorted((a, b) => a - b),
          values: drawn.map(() => 1),
        }));
      const [segment, ...others] = segmentsOf(DAY, 77, parts);
      expect(others).toEqual([]);
      const all = given.flatMap(([, drawn]) => drawn);
      const [, key, asked, first, last, body] = /^\[(\d+),(\d+),(\d+),(\d+),(.*)\]$/.exec(
        segmentJson(segment!, stamp),
      )!;
      expect(placeOfKey(Number(key))).toEqual({ block: 1, day: DAY, stamp });
      expect([asked, first, last].map(Number)).toEqual([77, Math.min(...all), Math.max(...all)]);
      expect(decodeBody(0, body!)).toEqual(parts);
      const hours = new Set(all.map((ms) => dayStart(DAY) + Math.floor(ms / HOUR_MS) * HOUR_MS));
      expect(hoursOfSegment(segment!)).toEqual(hours);
    }),
  );
});
