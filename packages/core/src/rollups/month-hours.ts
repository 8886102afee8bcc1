import type { Cursor } from "../bytes/byte-column.ts";
import { MAX_VARINT_BYTES, readVarint, writeVarint } from "../bytes/varint.ts";
import { readZstdFrame, zstdFrame } from "../bytes/zstd-frame.ts";
import { HOURS_PER_DAY } from "../domain/day.ts";
import { type HourAggregate, type HourAggregates, StoredHoursError } from "./hour-aggregates.ts";
import { columnValue, EDGE_COLUMNS, edgesOf, type HourColumn, type Rule } from "./hour-columns.ts";
import { bitsOf, checkedHour, hasFiniteSum } from "./hour-slice.ts";

/** The column is empty, or a rule computes it. */
const LEFT_OUT = 0;
/** All values of the column are equal, and one is stored. */
const ONE_VALUE = 1;
/** The values of the column are in the frame. */
const ALL_VALUES = 2;

interface Column {
  readonly name: HourColumn | "mask";
  /** bytes of a value: 4: an unsigned integer; 8: a double */
  readonly width: 4 | 8;
  /** computes the value of an hour if the column is not stored */
  readonly rule?: Rule;
}

const edgeColumns = (isDouble: boolean): readonly Column[] =>
  EDGE_COLUMNS.filter((column) => column.isDouble === isDouble).map(({ name, rule }) => {
    return { name, width: isDouble ? 8 : 4, rule };
  });

/** In their order in the frame: doubles first, so that each column is aligned for a view. */
const COLUMNS: readonly Column[] = [
  { name: "min", width: 8 },
  { name: "max", width: 8, rule: (_, min) => min },
  { name: "sum", width: 8, rule: (n, min) => n * min },
  ...edgeColumns(true),
  { name: "n", width: 4 },
  ...edgeColumns(false),
  { name: "mask", width: 4 },
];

/** Months are written once and kept for years. This level is 5 to 10% smaller than level 3, and read as quickly. */
const LEVEL = 9;

type Values = Float64Array | Uint32Array;
type Columns = Record<Column["name"], Values>;

/**
 * Encodes the hours of a point's days by column, because neighbouring values of a column are similar:
 *
 * varint: hours with samples | 12 bytes: how each column is stored | single values of constant columns | a zstd frame of
 * the others
 *
 * Values are little-endian. A column has a value for each hour with samples. The last column, `mask`, has the bits of
 * each day's hours.
 */
export function encodeMonthHours(days: readonly HourAggregates[]): Uint8Array {
  const hours = days.flatMap((day) => day.filter((hour) => hour !== null));
  const columns = noColumns();
  for (const { name, width } of COLUMNS) {
    if (name === "mask") columns.mask = Uint32Array.from(days, maskOf);
    else {
      const values = hours.map((hour) => columnValue(hour, name));
      columns[name] = width === 8 ? Float64Array.from(values) : Uint32Array.from(values);
    }
  }
  const kinds = COLUMNS.map((column) => kindOf(column, columns));
  const front: Cursor = { bytes: new Uint8Array(MAX_VARINT_BYTES + COLUMNS.length), at: 0 };
  writeVarint(front, hours.length);
  for (const kind of kinds) front.bytes[front.at++] = kind;
  const ones = COLUMNS.filter((_, i) => kinds[i] === ONE_VALUE).map(({ name }) =>
    bytesOf(columns[name].subarray(0, 1)),
  );
  const all = COLUMNS.filter((_, i) => kinds[i] === ALL_VALUES).map(({ name }) => bytesOf(columns[name]));
  const frame = all.length === 0 ? [] : [zstdFrame(join(all), LEVEL)];
  return join([front.bytes.subarray(0, front.at), ...ones, ...frame]);
}

function maskOf(day: HourAggregates): number {
  return day.reduce((bits, hour, i) => (hour === null ? bits : bits | (1 << i)), 0);
}

function kindOf({ name, rule }: Column, columns: Columns): number {
  const values = columns[name];
  const isComputed = (value: number, i: number) =>
    Object.is(value, rule?.(columns.n[i]!, columns.min[i]!, columns.max[i]!));
  if (values.length === 0 || (rule !== undefined && values.every(isComputed))) return LEFT_OUT;
  return values.every((value: number) => Object.is(value, values[0])) ? ONE_VALUE : ALL_VALUES;
}

function bytesOf(values: Values): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/**
 * The inverse of {@link encodeMonthHours}.
 * @param days how many @param overflows whether the sum of some hour is infinite
 * @throws {StoredHoursError} for damaged bytes
 */
export function decodeMonthHours(bytes: Uint8Array, days: number, overflows: boolean): HourAggregates[] {
  const { columns, hasEdges } = readColumns(bytes, days);
  const { min, max, sum, n, mask } = columns;
  const hours: HourAggregates[] = [];
  let isFinite = true;
  let at = 0;
  for (let day = 0; day < days; day++) {
    const ofDay: (HourAggregate | null)[] = [];
    const bits = mask[day]!;
    for (let hour = 0; hour < HOURS_PER_DAY; hour++) {
      if ((bits & (1 << hour)) === 0) {
        ofDay.push(null);
        continue;
      }
      const edges = hasEdges ? edgesOf(columns, at, min[at]!, max[at]!) : null;
      const aggregate = checkedHour({ n: n[at]!, min: min[at]!, max: max[at]!, sum: sum[at]!, edges }, hour);
      if (!hasFiniteSum(aggregate)) isFinite = false;
      ofDay.push(aggregate);
      at++;
    }
    hours.push(ofDay);
  }
  if (isFinite === overflows) throw new StoredHoursError("month: its overflow flag contradicts its sums");
  return hours;
}

/** @returns the columns; those of the edges are empty if no hour has edges */
function readColumns(bytes: Uint8Array, days: number): { readonly columns: Columns; readonly hasEdges: boolean } {
  const cursor: Cursor = { bytes, at: 0 };
  const count = readVarint(cursor);
  if (count === null || count > days * HOURS_PER_DAY)
    throw new StoredHoursError(`month: ${count} hours of ${days} days`);
  const stored = COLUMNS.map((column) => ({
    column,
    kind: bytes[cursor.at++],
    size: column.name === "mask" ? days : count,
  }));
  const columns = noColumns();
  let frameBytes = 0;
  for (const { column, kind, size } of stored) {
    if (kind === ALL_VALUES) frameBytes += column.width * size;
    else if (kind === ONE_VALUE) columns[column.name] = oneValue(cursor, column, size);
    else if (kind !== LEFT_OUT || (column.rule === undefined && size > 0)) {
      throw new StoredHoursError(`month: column ${column.name} has the unknown storage ${kind}`);
    }
  }
  if (frameBytes > 0) {
    const { buffer, byteOffset } = readFrame(bytes.subarray(cursor.at), frameBytes);
    let at = byteOffset;
    for (const { column, kind, size } of stored) {
      if (kind !== ALL_VALUES) continue;
      columns[column.name] =
        column.width === 8 ? new Float64Array(buffer, at, size) : new Uint32Array(buffer, at, size);
      at += column.width * size;
    }
  } else if (cursor.at !== bytes.length) {
    throw new StoredHoursError(`month: ${bytes.length} bytes, its columns end at ${cursor.at}`);
  }
  const hasEdges = stored.some(({ column: { name }, kind }) => EDGES.has(name) && kind !== LEFT_OUT);
  const { n, min, mask } = columns;
  for (const { column, kind } of stored) {
    const { name, rule } = column;
    if (kind !== LEFT_OUT || rule === undefined || (EDGES.has(name) && !hasEdges)) continue;
    columns[name] = Float64Array.from(min, (value, i) => rule(n[i]!, value, columns.max[i]!));
  }
  let present = 0;
  for (const bits of mask) present += bits < 1 << HOURS_PER_DAY ? bitsOf(bits) : Number.NaN;
  if (present !== count) throw new StoredHoursError(`month: ${count} hours, its masks have ${present}`);
  return { columns, hasEdges };
}

const EDGES: ReadonlySet<Column["name"]> = new Set(EDGE_COLUMNS.map(({ name }) => name));

function noColumns(): Columns {
  const [doubles, integers] = [new Float64Array(0), new Uint32Array(0)];
  return {
    n: integers,
    min: doubles,
    max: doubles,
    sum: doubles,
    falls: integers,
    first: doubles,
    last: doubles,
    firstS: integers,
    lastS: integers,
    fallFrom: doubles,
    fallTo: doubles,
    mask: integers,
  };
}

function oneValue(cursor: Cursor, { name, width }: Column, size: number): Values {
  const { bytes, at } = cursor;
  if (at + width > bytes.length) throw new StoredHoursError(`month: it ends before the value of ${name}`);
  cursor.at += width;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, width);
  if (width === 8) return new Float64Array(size).fill(view.getFloat64(0, true));
  return new Uint32Array(size).fill(view.getUint32(0, true));
}

function readFrame(frame: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  try {
    return readZstdFrame(frame, size);
  } catch (error) {
    throw new StoredHoursError(
      `month: its frame is damaged: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
