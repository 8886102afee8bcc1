import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyHours, anyLocator } from "../../test/arbitrary-slice.ts";
import { type HourAggregate, StoredHoursError } from "./hour-aggregates.ts";
import {
  decodeCounts,
  decodeLocator,
  decodeSlice,
  encodeSlice,
  HEAD_BYTES,
  overflows,
  type PointDaySlice,
} from "./hour-slice.ts";
import { type Locator, StoredLocatorError } from "../parquet/locator.ts";

const slice: fc.Arbitrary<PointDaySlice> = fc.record({
  hours: anyHours,
  locator: fc.option(anyLocator),
});

const LOCATOR: Locator = {
  group: { offset: 8_123_456, timeBytes: 154, nameBytes: 169, valueBytes: 13_900, rows: 11_520, crc32: 0xffff_ffff },
  firstRow: 10_080,
  rows: 1_440,
};
const everyHour = (hour: (i: number) => HourAggregate) => Array.from({ length: 24 }, (_, i) => hour(i));
const constant = (value: number) => everyHour(() => ({ n: 60, min: value, max: value, sum: 60 * value, edges: null }));
/** The second and third byte of a double. */
const doubleBytes = (value: number) => {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return [view.getUint8(1), view.getUint8(2)];
};
/** A header of a byte, the 3 bytes of 60, and three more headers. */
const N = [0x30, 0, 0, 60];

test("any slice comes back bit for bit, whole and in parts", () => {
  fc.assert(
    fc.property(slice, (given) => {
      const bytes = encodeSlice(given);
      expect(decodeSlice(bytes)).toEqual(given);
      expect(decodeLocator(bytes.subarray(0, HEAD_BYTES))).toEqual(given.locator);
      expect(decodeCounts(bytes)).toEqual(given.hours.map((hour) => hour?.n ?? 0));
      expect(overflows(bytes)).toBe(given.hours.some((hour) => hour !== null && !Number.isFinite(hour.sum)));
    }),
  );
});

test("a damaged slice is refused or is another slice", () => {
  fc.assert(
    fc.property(slice, fc.nat(), fc.nat(255), fc.boolean(), (given, at, byte, isCut) => {
      const bytes = encodeSlice(given);
      const hurt = isCut ? bytes.slice(0, at % bytes.length) : Uint8Array.from(bytes);
      if (!isCut) hurt[at % bytes.length] = byte;
      for (const read of [decodeSlice, decodeCounts, decodeLocator]) {
        try {
          read(hurt);
        } catch (error) {
          expect(error instanceof StoredHoursError || error instanceof StoredLocatorError).toBe(true);
        }
      }
      if (isCut) expect(() => decodeSlice(hurt)).toThrow(/slice|locator/);
    }),
  );
});

describe("the bytes of a slice", () => {
  test.each<[string, PointDaySlice, number[]]>([
    ["no samples", { hours: everyHour(() => null!), locator: null }, [2, 0, 0, 0, 0]],
    [
      "a constant: its value once",
      { hours: constant(21.5), locator: null },
      [2, 0, 255, 255, 255, ...N, 0x30, 0x40, 0x35, 0x80, 255, 255],
    ],
    [
      "a counter: its ends are its bounds, and the seconds of the first and last sample are shared",
      {
        hours: everyHour((i) => {
          const [first, last] = [100 + i, 101 + i];
          const edges = { first, last, firstS: 0, lastS: 3540, fall: null };
          return { n: 1, min: first, max: last, sum: first, edges };
        }),
        locator: null,
      },
      [
        2,
        4,
        255,
        255,
        255,
        0x30,
        0,
        0,
        1,
        0x12,
        0x40,
        ...Array.from({ length: 24 }, (_, i) => doubleBytes(100 + i)).flat(),
        0x12,
        0x40,
        ...Array.from({ length: 24 }, (_, i) => doubleBytes(101 + i)).flat(),
        255,
        0,
        255,
        255,
        255,
        0x30,
        0,
        0x0d,
        0xd4,
        255,
        255,
      ],
    ],
    [
      "two hours: the shared bytes once, then their own",
      {
        hours: everyHour((i) =>
          i === 1
            ? { n: 1, min: 20, max: 20, sum: 20, edges: null }
            : i === 9
              ? { n: 2, min: 21, max: 22, sum: 43, edges: null }
              : null!,
        ),
        locator: null,
      },
      [
        2, 0, 2, 2, 0, 0x21, 0, 0, 1, 2, 0x11, 0x40, 0x34, 0x35, 0x11, 0x40, 0x34, 0x36, 0x12, 0x40, 0x34, 0, 0x45,
        0x80,
      ],
    ],
    [
      "a locator: eight varints before the mask",
      {
        hours: everyHour(() => null!),
        locator: { group: { ...LOCATOR.group, offset: 300, valueBytes: 5, crc32: 7 }, firstRow: 0, rows: 11_520 },
      },
      [2, 1, 0xac, 2, 0x9a, 1, 0xa9, 1, 5, 0x80, 0x5a, 7, 0, 0x80, 0x5a, 0, 0, 0],
    ],
  ])("%s", (_, given, expected) => {
    expect([...encodeSlice(given)]).toEqual(expected);
  });

  test("a sensor's single-precision values take at most 350 bytes", () => {
    const hours = everyHour((i) => {
      const min = Math.fround(20 + i / 17);
      return { n: 60, min, max: Math.fround(min + 0.37), sum: 60 * (min + Math.fround(0.137)), edges: null };
    });
    expect(encodeSlice({ hours, locator: LOCATOR }).length).toBeLessThanOrEqual(350);
  });
});

describe("refuses", () => {
  const hours = constant(21.5);
  const [good, head] = [[...encodeSlice({ hours, locator: null })], 5];
  const changed = (at: number, byte: number) => good.map((old, i) => (i === at ? byte : old));
  test.each<[string, number[]]>([
    ["nothing", []],
    ["another form", changed(0, 1)],
    ["unknown flags", changed(1, 8)],
    ["edges without their columns", changed(1, 4)],
    ["a flag of edges that no hour has", [...changed(1, 4), 255, 255, 255, 255, 255, 255, 255]],
    ["an overflow without one", changed(1, 2)],
    ["an end before the mask", good.slice(0, 4)],
    ["bytes behind the last column", [...good, 0]],
    ["a column wider than its values", changed(head, 0x40)],
    ["a column that ends too early", good.slice(0, -3)],
    ["no counts", changed(head, 0xff)],
    ["counts of 0", changed(head + 3, 0)],
    ["more samples than an hour has milliseconds", changed(head + 1, 0x40)],
    ["an infinite value", [...good.slice(0, head + 4), 0x20, 0x7f, 0xf0, 255, 255]],
    ["a minimum above the maximum", [...good.slice(0, -2), 0x20, 0x40, 0x30, 255]],
  ])("%s", (_, bytes) => {
    expect(() => decodeSlice(Uint8Array.from(bytes))).toThrow(StoredHoursError);
  });

  const { group } = LOCATOR;
  test.each<[string, Locator]>([
    ["an offset of 0", { ...LOCATOR, group: { ...group, offset: 0 } }],
    ["a chunk without bytes", { ...LOCATOR, group: { ...group, timeBytes: 0 } }],
    ["no rows", { ...LOCATOR, rows: 0 }],
    ["rows beyond its group", { ...LOCATOR, firstRow: 10_081 }],
    ["a checksum of 33 bits", { ...LOCATOR, group: { ...group, crc32: 2 ** 32 } }],
    ["more than a Worker's memory", { ...LOCATOR, group: { ...group, valueBytes: 2 ** 40 } }],
  ])("a locator with %s", (_, given) => {
    const bytes = encodeSlice({ hours, locator: given });
    expect(() => decodeLocator(bytes)).toThrow(StoredLocatorError);
    expect(() => decodeSlice(bytes)).toThrow(StoredLocatorError);
  });
});
