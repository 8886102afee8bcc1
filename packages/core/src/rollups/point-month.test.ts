import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyHours, anyLocator } from "../../test/arbitrary-slice.ts";
import { type HourAggregate, StoredHoursError } from "./hour-aggregates.ts";
import { monthDays } from "../domain/month.ts";
import { hexOf } from "../bytes/hex.ts";
import { encodeSlice } from "./hour-slice.ts";
import { type Locator, StoredLocatorError } from "../parquet/locator.ts";
import { pointMonthKey } from "./month-key.ts";
import { PackedMonths } from "./packed-months.ts";
import {
  decodeMonthHead,
  decodePointMonth,
  encodePointMonth,
  type PackedBytes,
  type PointMonth,
} from "./point-month.ts";

const generation = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 2 ** 52 - 1 }));
const slice = fc.record({ hours: anyHours, locator: anyLocator });
const day = fc.option(fc.record({ generation, slice: fc.option(slice, { freq: 9 }) }), { freq: 9 });
const month: fc.Arbitrary<PointMonth> = fc.record({
  days: fc.array(day, { minLength: 28, maxLength: 31 }),
  file: fc.option(fc.record({ generation, locator: anyLocator })),
});

const LOCATOR: Locator = {
  group: { offset: 300, timeBytes: 154, nameBytes: 169, valueBytes: 5, rows: 11_520, crc32: 7 },
  firstRow: 0,
  rows: 1_440,
};
const NO_DAYS = Array.from({ length: 30 }, () => null);
const isTyped = (error: unknown) => error instanceof StoredHoursError || error instanceof StoredLocatorError;
const constant = (value: number): HourAggregate[] =>
  Array.from({ length: 24 }, () => ({ n: 60, min: value, max: value, sum: 60 * value, edges: null }));
/** A month in which the first two days have all hours. */
const twoDays = (first: HourAggregate[], second: HourAggregate[]): PointMonth => {
  const days = [first, second].map((hours) => ({ generation: 3, slice: { hours, locator: LOCATOR } }));
  return { days: [...days, ...NO_DAYS.slice(2)], file: null };
};
const swinging = constant(0).map((_, i) => ({ n: 60, min: i / 7, max: i / 3 + 1, sum: 10 * i + 0.1, edges: null }));

test("any month comes back, each of its slices byte for byte", () => {
  fc.assert(
    fc.property(month, (given) => {
      const bytes = encodePointMonth(given);
      const back = decodePointMonth(bytes);
      expect(back).toEqual(given);
      for (const [i, encoded] of given.days.entries()) {
        const [before, after] = [encoded, back.days[i]].map((stored) => stored?.slice && encodeSlice(stored.slice));
        expect(after).toEqual(before);
      }
      const head = decodeMonthHead(bytes.head);
      expect(head.days.map((known) => known && [known.generation, known.slice !== null])).toEqual(
        given.days.map((known) => known && [known.generation, known.slice !== null]),
      );
      expect(head.file).toEqual(given.file);
      expect(head.locators).toEqual(given.days.flatMap((known) => known?.slice?.locator ?? []));
    }),
    { numRuns: 60 },
  );
});

test("a damaged month is refused or is another month", () => {
  const part = fc.constantFrom<keyof PackedBytes>("head", "hours");
  fc.assert(
    fc.property(month, part, fc.nat(), fc.nat(255), fc.boolean(), (given, which, at, byte, isCut) => {
      const bytes = encodePointMonth(given);
      const whole = bytes[which];
      const hurt = isCut ? whole.slice(0, at % whole.length) : Uint8Array.from(whole);
      if (!isCut) hurt[at % whole.length] = byte;
      let error: unknown = null;
      try {
        decodePointMonth({ ...bytes, [which]: hurt });
      } catch (caught) {
        error = caught;
      }
      expect(error === null ? !isCut : isTyped(error)).toBe(true);
    }),
    { numRuns: 200 },
  );
});

describe("the bytes of a month", () => {
  const NO_COLUMNS = Array.from({ length: 12 }, () => 0);

  test("with nothing packed", () => {
    const { head, hours } = encodePointMonth({ days: NO_DAYS, file: null });
    expect([...head]).toEqual([2, 0, 30, ...NO_DAYS.map(() => 0)]);
    expect([...hours]).toEqual([0, ...NO_COLUMNS]);
  });

  test("with a constant: its value once, no frame", () => {
    const { head, hours } = encodePointMonth({ ...twoDays(constant(21.5), constant(21.5)), file: null });
    const locator = [0xac, 2, 0x9a, 1, 0xa9, 1, 5, 0x80, 0x5a, 7, 0, 0xa0, 0x0b];
    expect([...head]).toEqual([2, 0, 30, 7, 7, ...NO_DAYS.slice(2).map(() => 0), ...locator, ...locator]);
    const kinds = NO_COLUMNS.map((_, i) => (i === 0 || i === 7 || i === 11 ? 1 : 0));
    expect([...hours]).toEqual([48, ...kinds, 0, 0, 0, 0, 0, 0x80, 0x35, 0x40, 60, 0, 0, 0, 255, 255, 255, 0]);
  });

  test("with samples in the month file that a day file lacks", () => {
    const { head } = encodePointMonth({
      days: [{ generation: 100, slice: null }, ...NO_DAYS.slice(1)],
      file: { generation: 2, locator: LOCATOR },
    });
    const file = [2, 0xac, 2, 0x9a, 1, 0xa9, 1, 5, 0x80, 0x5a, 7, 0, 0xa0, 0x0b];
    expect([...head]).toEqual([2, 1, ...file, 30, 0xc8, 1, ...NO_DAYS.slice(1).map(() => 0)]);
  });
});

describe("refuses", () => {
  const good = encodePointMonth(twoDays(constant(21.5), constant(21.5)));
  const framed = encodePointMonth(twoDays(swinging, constant(21.5)));
  const changed = (bytes: Uint8Array, at: number, byte: number) => bytes.map((old, i) => (i === at ? byte : old));
  const broken = (part: Partial<PackedBytes>): PackedBytes => ({ ...good, ...part });
  test.each<[string, PackedBytes]>([
    ["no head", broken({ head: new Uint8Array(0) })],
    ["another form", broken({ head: changed(good.head, 0, 1) })],
    ["unknown flags", broken({ head: changed(good.head, 1, 4) })],
    ["an overflow without one", broken({ head: changed(good.head, 1, 2) })],
    ["a month of 27 days", broken({ head: changed(good.head, 2, 27) })],
    ["a slice without a generation", broken({ head: changed(good.head, 3, 1) })],
    ["a slice more than it has hours of", broken({ head: changed(good.head, 5, 7) })],
    ["bytes behind the head", broken({ head: Uint8Array.of(...good.head, 0) })],
    ["a cut locator", broken({ head: good.head.subarray(0, -1) })],
    ["no hours", broken({ hours: new Uint8Array(0) })],
    ["more hours than its days have", broken({ hours: changed(good.hours, 0, 49) })],
    ["a column stored in an unknown way", broken({ hours: changed(good.hours, 1, 3) })],
    ["counts that are left out", broken({ hours: changed(good.hours, 8, 0) })],
    ["a value that ends too early", broken({ hours: good.hours.subarray(0, -1) })],
    ["bytes behind the values", broken({ hours: Uint8Array.of(...good.hours, 0) })],
    ["counts of 0", broken({ hours: changed(good.hours, 21, 0) })],
    ["a mask of 25 hours", broken({ hours: changed(good.hours, 28, 1) })],
    ["hours that its masks do not have", broken({ hours: changed(good.hours, 27, 127) })],
    ["a value that is not a number", broken({ hours: changed(changed(good.hours, 20, 0x7f), 19, 0xf8) })],
    ["a cut frame", { ...framed, hours: framed.hours.subarray(0, -9) }],
    ["no frame", { ...framed, hours: framed.hours.subarray(0, 20) }],
  ])("%s", (_, bytes) => {
    expect(decodePointMonth(framed).days).toHaveLength(30);
    let error: unknown = null;
    try {
      decodePointMonth(bytes);
    } catch (caught) {
      error = caught;
    }
    expect(isTyped(error), String(error)).toBe(true);
  });
});

test("a packed slice of another generation or of a damaged month is damaged", () => {
  const first = monthDays(673).first;
  const { head, hours } = encodePointMonth(twoDays(swinging, constant(2)));
  const row = { key: pointMonthKey(17, 673), head: hexOf(head), hours: hexOf(hours) };
  const packed = new PackedMonths([row]);
  expect(packed.find(17, first, 3)).toMatchObject({ hours: swinging, locator: LOCATOR, overflows: false });
  const hurt = new PackedMonths([{ ...row, head: row.head.slice(2) }]);
  for (const found of [
    packed.find(17, first, 4),
    packed.find(17, first + 2, 3),
    packed.find(18, first, 3),
    hurt.find(17, first, 3),
  ]) {
    expect(found?.locator).toBeNull();
    expect(() => found?.hours).toThrow(StoredHoursError);
  }
});
