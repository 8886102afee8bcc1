import type { Cursor } from "../bytes/byte-column.ts";
import { type HourAggregates, StoredHoursError } from "./hour-aggregates.ts";
import { hasFiniteSum } from "./hour-slice.ts";
import { type Locator, LOCATOR_BYTES, readLocator, writeLocator } from "../parquet/locator.ts";
import { decodeMonthHours, encodeMonthHours } from "./month-hours.ts";
import { MAX_VARINT_BYTES, readVarint, writeVarint } from "../bytes/varint.ts";

/** The place of a point's samples in a month file. */
export interface LocatedMonth {
  /** of `month_files` */
  readonly generation: number;
  readonly locator: Locator;
}

/** A day whose file has the point: its hours, and the place of its samples in the day file. */
export interface FiledSlice {
  readonly hours: HourAggregates;
  readonly locator: Locator;
}

/** What D1 stores of a point and packed UTC month. */
export interface PointMonth {
  /**
   * by day of the month, from 0. null: the day is not packed. A null slice: the file of that generation does not have
   * the point.
   */
  readonly days: readonly ({ readonly generation: number; readonly slice: FiledSlice | null } | null)[];
  /** null: no month file has the samples */
  readonly file: LocatedMonth | null;
}

/** The columns of a row of `point_months`. */
export interface PackedBytes {
  readonly head: Uint8Array;
  readonly hours: Uint8Array;
}

/** A decoded head. */
export interface MonthHead {
  /** by day of the month: the generation of the day's file, and the index of the day's slice in the month */
  readonly days: readonly ({ readonly generation: number; readonly slice: number | null } | null)[];
  readonly file: LocatedMonth | null;
  /** whether the sum of some hour is infinite */
  readonly overflows: boolean;
  /** of each slice, decoded on demand. @throws {StoredLocatorError} {@link StoredHoursError} */
  readonly locators: readonly Locator[];
}

const FORM = 2;
const HAS_FILE = 1;
const OVERFLOWS = 2;

const FEWEST_DAYS = 28;
const MOST_DAYS = 31;
const MAX_HEAD_BYTES = 3 + (1 + MOST_DAYS) * (MAX_VARINT_BYTES + LOCATOR_BYTES);

/**
 * Encodes a month as head and hours, so that the places of samples are read without the hours. The head:
 *
 * form (2) | flags | [varint: generation of the month file | 8 varints: locator] | days | a varint a day | 8 varints a
 * slice: locators
 *
 * The varint of a day is 0 if it is not packed; else twice its generation, plus one if it has a slice. month-hours.ts
 * has the form of the hours.
 * @param month its generations are at least 1
 */
export function encodePointMonth({ days, file }: PointMonth): PackedBytes {
  const slices = days.flatMap((day) => day?.slice ?? []);
  const overflows = slices.some(({ hours }) => hours.some((hour) => hour !== null && !hasFiniteSum(hour)));
  const cursor: Cursor = { bytes: new Uint8Array(MAX_HEAD_BYTES), at: 0 };
  cursor.bytes[cursor.at++] = FORM;
  cursor.bytes[cursor.at++] = (file === null ? 0 : HAS_FILE) | (overflows ? OVERFLOWS : 0);
  if (file !== null) {
    writeVarint(cursor, file.generation);
    writeLocator(cursor, file.locator);
  }
  cursor.bytes[cursor.at++] = days.length;
  for (const day of days) writeVarint(cursor, day === null ? 0 : 2 * day.generation + (day.slice === null ? 0 : 1));
  for (const { locator } of slices) writeLocator(cursor, locator);
  return { head: cursor.bytes.slice(0, cursor.at), hours: encodeMonthHours(slices.map(({ hours }) => hours)) };
}

/** @throws {StoredHoursError} {@link StoredLocatorError} for damaged bytes */
export function decodeMonthHead(head: Uint8Array): MonthHead {
  const cursor: Cursor = { bytes: head, at: 0 };
  const form = head[cursor.at++];
  const flags = head[cursor.at++];
  if (form !== FORM) throw new StoredHoursError(`month: form ${form}, expected ${FORM}`);
  if (flags === undefined || flags > (HAS_FILE | OVERFLOWS))
    throw new StoredHoursError(`month: unknown flags ${flags}`);
  const file = (flags & HAS_FILE) === 0 ? null : { generation: readNumber(cursor), locator: readLocator(cursor) };
  const count = head[cursor.at++];
  if (count === undefined || count < FEWEST_DAYS || count > MOST_DAYS) {
    throw new StoredHoursError(`month: ${count} days`);
  }
  const days: MonthHead["days"][number][] = [];
  let slices = 0;
  for (let day = 0; day < count; day++) {
    const number = readNumber(cursor);
    if (number === 1) throw new StoredHoursError(`month: day ${day} has a slice and no generation`);
    if (number === 0) days.push(null);
    else days.push({ generation: Math.floor(number / 2), slice: number % 2 === 0 ? null : slices++ });
  }
  let locators: readonly Locator[] | undefined;
  return {
    days,
    file,
    overflows: (flags & OVERFLOWS) !== 0,
    // Charts of hours and days need few of them, or none.
    get locators() {
      return (locators ??= readLocators({ ...cursor }, slices));
    },
  };
}

function readNumber(cursor: Cursor): number {
  const number = readVarint(cursor);
  if (number === null) throw new StoredHoursError("month: a number is no safe integer, or the bytes end early");
  return number;
}

function readLocators(cursor: Cursor, count: number): Locator[] {
  const locators = Array.from({ length: count }, () => readLocator(cursor));
  const { bytes, at } = cursor;
  if (at !== bytes.length) throw new StoredHoursError(`month: a head of ${bytes.length} bytes ends at ${at}`);
  return locators;
}

/** The hours of each slice of a month. @throws {StoredHoursError} for damaged bytes */
export function decodeSlicesHours({ days, overflows }: MonthHead, bytes: Uint8Array): HourAggregates[] {
  const count = days.filter((day) => day !== null && day.slice !== null).length;
  return decodeMonthHours(bytes, count, overflows);
}

/**
 * The inverse of {@link encodePointMonth}.
 * @throws {StoredHoursError} {@link StoredLocatorError} for damaged bytes
 */
export function decodePointMonth({ head, hours }: PackedBytes): PointMonth {
  const month = decodeMonthHead(head);
  const { locators } = month;
  const slices = decodeSlicesHours(month, hours);
  const days = month.days.map((day) => {
    if (day === null) return null;
    const { generation, slice } = day;
    return { generation, slice: slice === null ? null : { hours: slices[slice]!, locator: locators[slice]! } };
  });
  return { days, file: month.file };
}
