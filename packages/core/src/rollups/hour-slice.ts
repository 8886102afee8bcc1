import { HOUR_MS } from "../domain/hour.ts";
import { type Cursor, leaveOutColumn, readColumn, writeColumn } from "../bytes/byte-column.ts";
import { HOURS_PER_DAY } from "../domain/day.ts";
import { type HourAggregate, type HourAggregates, type HourEdges, StoredHoursError } from "./hour-aggregates.ts";
import { columnValue, EDGE_COLUMNS, edgesOf, type HourColumn, type Rule } from "./hour-columns.ts";
import { type Locator, LOCATOR_BYTES, readLocator, StoredLocatorError, writeLocator } from "../parquet/locator.ts";

/** What D1 stores of a point and UTC day: its hourly aggregates, and the place of its samples in the day's file. */
export interface PointDaySlice {
  readonly hours: HourAggregates;
  /** null: the day has no file, or the point is not in it */
  readonly locator: Locator | null;
}

const FORM = 2;
const HAS_LOCATOR = 1;
/** The sum of an hour is infinite, so no mean can be computed from it. */
const OVERFLOWS = 2;
/** Some hour has edges, so their columns follow. */
const HAS_EDGES = 4;

/** Most bytes of form, flags and locator, which come first. */
export const HEAD_BYTES = 2 + LOCATOR_BYTES;

const MASK_BYTES = 3;

interface Column {
  readonly name: HourColumn;
  /** bytes of a value: 3: an unsigned integer; 8: a double */
  readonly width: 3 | 8;
  /** computes the value of an hour if the column is not stored */
  readonly rule?: Rule;
}

/** The columns in stored order. Another column takes a line here and another form. */
const COLUMNS: readonly Column[] = [
  { name: "n", width: 3 },
  { name: "min", width: 8 },
  { name: "max", width: 8, rule: (_, min) => min },
  { name: "sum", width: 8, rule: (n, min) => n * min },
];

const ALL_COLUMNS: readonly Column[] = [
  ...COLUMNS,
  ...EDGE_COLUMNS.map(({ name, isDouble, rule }): Column => ({ name, width: isDouble ? 8 : 3, rule })),
];
const columnsOf = (hasEdges: boolean) => (hasEdges ? ALL_COLUMNS : COLUMNS);

const MAX_BYTES = HEAD_BYTES + MASK_BYTES + ALL_COLUMNS.reduce((sum, { width }) => sum + 1 + width * HOURS_PER_DAY, 0);

// Scratch: one slice is written or read at a time.
const values = new Uint8Array(8 * HOURS_PER_DAY);
const view = new DataView(values.buffer);
const columnOf = () => new Float64Array(HOURS_PER_DAY);
const read: Readonly<Record<HourColumn, Float64Array>> = {
  n: columnOf(),
  min: columnOf(),
  max: columnOf(),
  sum: columnOf(),
  falls: columnOf(),
  first: columnOf(),
  last: columnOf(),
  firstS: columnOf(),
  lastS: columnOf(),
  fallFrom: columnOf(),
  fallTo: columnOf(),
};

/**
 * Encodes a slice, with every double bit for bit:
 *
 * form (2) | flags | [8 varints: locator] | mask of 24 bits | [columns n, min, max, sum] | [columns of the edges]
 *
 * The mask marks the hours with samples; without any there are no columns. A flag tells whether some hour has edges;
 * hour-columns.ts lists their columns. byte-column.ts has the form of a column.
 */
export function encodeSlice({ hours, locator }: PointDaySlice): Uint8Array {
  const cursor: Cursor = { bytes: new Uint8Array(MAX_BYTES), at: 0 };
  const { bytes } = cursor;
  const present = hours.filter((hour) => hour !== null);
  bytes[cursor.at++] = FORM;
  const hasEdges = present.some(({ edges }) => edges !== null);
  const overflow = present.every(hasFiniteSum) ? 0 : OVERFLOWS;
  bytes[cursor.at++] = (locator === null ? 0 : HAS_LOCATOR) | overflow | (hasEdges ? HAS_EDGES : 0);
  if (locator !== null) writeLocator(cursor, locator);
  const mask = hours.reduce((bits, hour, i) => (hour === null ? bits : bits | (1 << i)), 0);
  for (let i = 0; i < MASK_BYTES; i++) bytes[cursor.at++] = (mask >> (8 * i)) & 0xff;
  if (present.length > 0) for (const column of columnsOf(hasEdges)) encodeColumn(cursor, column, present);
  return bytes.slice(0, cursor.at);
}

/** Adds a locator to a slice that has none. */
export function withLocator(slice: Uint8Array, locator: Locator): Uint8Array {
  const cursor: Cursor = { bytes: new Uint8Array(HEAD_BYTES), at: 2 };
  writeLocator(cursor, locator);
  const bytes = new Uint8Array(cursor.at + slice.length - 2);
  bytes.set(cursor.bytes.subarray(0, cursor.at));
  bytes[0] = slice[0]!;
  bytes[1] = slice[1]! | HAS_LOCATOR;
  bytes.set(slice.subarray(2), cursor.at);
  return bytes;
}

export function hasFiniteSum({ sum }: HourAggregate): boolean {
  return Number.isFinite(sum);
}

function encodeColumn(cursor: Cursor, { name, width, rule }: Column, hours: readonly HourAggregate[]): void {
  const column = hours.map((hour) => columnValue(hour, name));
  const isComputed = (value: number, i: number) => {
    const { n, min, max } = hours[i]!;
    return Object.is(value, rule?.(n, min, max));
  };
  if (rule !== undefined && column.every(isComputed)) return leaveOutColumn(cursor);
  for (const [i, value] of column.entries()) {
    if (width === 8) view.setFloat64(8 * i, value);
    else {
      view.setUint8(3 * i, value >>> 16);
      view.setUint16(3 * i + 1, value & 0xffff);
    }
  }
  writeColumn(cursor, values, width, hours.length);
}

/**
 * The inverse of {@link encodeSlice}.
 * @throws {StoredHoursError} {@link StoredLocatorError} for damaged bytes
 */
export function decodeSlice(bytes: Uint8Array): PointDaySlice {
  const cursor = { bytes, at: 0 };
  const { flags, locator } = readHead(cursor);
  const mask = readMask(cursor);
  const count = bitsOf(mask);
  const hasEdges = (flags & HAS_EDGES) !== 0;
  if (count > 0) for (const column of columnsOf(hasEdges)) decodeColumn(cursor, column, count);
  if (cursor.at !== bytes.length) {
    throw new StoredHoursError(`slice: ${bytes.length} bytes, its columns end at ${cursor.at}`);
  }
  const hours: (HourAggregate | null)[] = [];
  let isFinite = true;
  let anyEdges = false;
  for (let hour = 0, i = 0; hour < HOURS_PER_DAY; hour++) {
    if ((mask & (1 << hour)) === 0) {
      hours.push(null);
      continue;
    }
    const [min, max] = [read.min[i]!, read.max[i]!];
    const edges = hasEdges ? edgesOf(read, i, min, max) : null;
    const aggregate = checkedHour({ n: read.n[i]!, min, max, sum: read.sum[i]!, edges }, hour);
    if (edges !== null) anyEdges = true;
    if (!hasFiniteSum(aggregate)) isFinite = false;
    hours.push(aggregate);
    i++;
  }
  if (isFinite !== ((flags & OVERFLOWS) === 0))
    throw new StoredHoursError("slice: its overflow flag contradicts its sums");
  if (anyEdges !== hasEdges) throw new StoredHoursError("slice: its flag of edges contradicts its hours");
  return { hours, locator };
}

function decodeColumn(cursor: Cursor, { name, width, rule }: Column, count: number): void {
  const into = read[name];
  const found = readColumn(cursor, into, width, count);
  if (found === "stored") return;
  if (found === "damaged" || rule === undefined) {
    throw new StoredHoursError(`slice: column ${name} is damaged at byte ${cursor.at}`);
  }
  for (let i = 0; i < count; i++) into[i] = rule(read.n[i]!, read.min[i]!, read.max[i]!);
}

/**
 * @param decoded its edges are undefined where no hour has them @param hour for the error
 * @throws {StoredHoursError} for an aggregate that no samples can have
 */
export function checkedHour(
  decoded: Omit<HourAggregate, "edges"> & { readonly edges: HourEdges | null | undefined },
  hour: number,
): HourAggregate {
  const { n, min, max, sum, edges } = decoded;
  const isWritten =
    n > 0 && n <= HOUR_MS && Number.isFinite(min) && Number.isFinite(max) && min <= max && !Number.isNaN(sum);
  if (!isWritten) throw new StoredHoursError(`aggregates: hour ${hour} has n ${n}, min ${min}, max ${max}, sum ${sum}`);
  if (edges === undefined) throw new StoredHoursError(`aggregates: hour ${hour} has edges that no samples have`);
  return { n, min, max, sum, edges };
}

/**
 * @param bytes a slice, or its first {@link HEAD_BYTES} @returns null: it has no locator @throws {StoredLocatorError}
 */
export function decodeLocator(bytes: Uint8Array): Locator | null {
  try {
    return readHead({ bytes, at: 0 }).locator;
  } catch (error) {
    if (error instanceof StoredHoursError) throw new StoredLocatorError(error.message);
    throw error;
  }
}

/** Samples of each of the 24 hours. @throws {StoredHoursError} */
export function decodeCounts(bytes: Uint8Array): number[] {
  const cursor = { bytes, at: 0 };
  try {
    readHead(cursor);
  } catch (error) {
    if (error instanceof StoredLocatorError) throw new StoredHoursError(error.message);
    throw error;
  }
  const mask = readMask(cursor);
  const count = bitsOf(mask);
  if (count > 0 && readColumn(cursor, read.n, 3, count) !== "stored") {
    throw new StoredHoursError("slice: column n is damaged");
  }
  let i = 0;
  return Array.from({ length: HOURS_PER_DAY }, (_, hour) => ((mask & (1 << hour)) === 0 ? 0 : read.n[i++]!));
}

/** Whether the sum of an hour is infinite. @param bytes the first two of a slice */
export function overflows(bytes: Uint8Array): boolean {
  return (bytes[1]! & OVERFLOWS) !== 0;
}

function readHead(cursor: Cursor): { readonly flags: number; readonly locator: Locator | null } {
  const form = cursor.bytes[cursor.at++];
  const flags = cursor.bytes[cursor.at++];
  if (form !== FORM) throw new StoredHoursError(`slice: form ${form}, expected ${FORM}`);
  if (flags === undefined || flags > (HAS_LOCATOR | OVERFLOWS | HAS_EDGES))
    throw new StoredHoursError(`slice: unknown flags ${flags}`);
  return { flags, locator: (flags & HAS_LOCATOR) === 0 ? null : readLocator(cursor) };
}

/** Bit h is set if hour h has samples. */
function readMask(cursor: Cursor): number {
  const { bytes, at } = cursor;
  if (at + MASK_BYTES > bytes.length) throw new StoredHoursError("slice: it ends before its mask");
  cursor.at += MASK_BYTES;
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
}

export function bitsOf(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++;
  return count;
}
