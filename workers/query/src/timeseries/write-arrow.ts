import { freeBytes } from "@building-vitals/core/bytes/free-bytes";
import type { ShapedSeries } from "@building-vitals/core/query/shape";
import {
  Batch,
  Column,
  columnFromArray,
  type DataType,
  dictionary,
  Endianness,
  field,
  float64,
  int32,
  Table,
  tableToIPC,
  timestamp,
  TimeUnit,
  type TypedArray,
  uint8,
  utf8,
  Version,
} from "@uwdata/flechette";
import type { Metadata } from "./metadata.ts";
import { type FurtherColumn, furtherColumns, isTexts } from "./series-columns.ts";
import { byName } from "./series-order.ts";

const ENCODER = new TextEncoder();
const TIMESTAMP = timestamp(TimeUnit.MILLISECOND, "UTC");

type Numbers = Exclude<FurtherColumn["values"], readonly string[]>;

interface ArrowColumn {
  readonly name: string;
  readonly type: DataType;
  readonly nullable: boolean;
  /** one per series */
  readonly batches: Batch<unknown>[];
}

/**
 * `format=arrow`: the bytes of an Arrow IPC stream, a record batch per series, ordered by point name.
 * - `point_name` is dictionary encoded.
 * - `timestamp` is in milliseconds UTC.
 * - A missing value is null.
 * - The schema's metadata are `site_name`, `metadata` (JSON, as in the other formats), `units` (JSON, by point name).
 * @param isLast no code uses the series' columns afterwards: each is freed when it is written
 */
export function* writeArrow(
  siteName: string,
  series: readonly ShapedSeries[],
  metadata: Metadata,
  isLast: boolean,
): Generator<Uint8Array> {
  const sorted = byName(series);
  const columns = [nameColumn(sorted), ...valueColumns(sorted)];
  const schema = {
    version: Version.V5,
    endianness: Endianness.Little,
    fields: columns.map(({ name, type, nullable }) => field(name, type, nullable)),
    metadata: new Map([
      ["site_name", siteName],
      ["metadata", JSON.stringify(metadata)],
      ["units", JSON.stringify(Object.fromEntries(sorted.map(({ point, unit }) => [point.name, unit])))],
    ]),
  };
  const table = new Table(
    schema,
    columns.map(({ batches, type }) => new Column(batches, type)),
  );
  const pieces: Uint8Array[] = [];
  const write = (bytes: Uint8Array) => void pieces.push(bytes);
  const sink = { write, pad: (count: number) => write(new Uint8Array(count)), finish: () => null };
  tableToIPC(table, { sink, format: "stream" });
  if (!isLast) {
    yield* pieces;
    return;
  }
  const lastUses = new Map(pieces.map(({ buffer }, i) => [buffer, i]));
  for (const [i, piece] of pieces.entries()) {
    // A copy, because the sender may still use the piece when it asks for the next.
    yield piece.slice();
    if (piece.length > 0 && lastUses.get(piece.buffer) === i) freeBytes(piece);
  }
}

function nameColumn(series: readonly ShapedSeries[]): ArrowColumn {
  const names = utf8();
  const type = dictionary(names, int32());
  const values = columnFromArray(
    series.map(({ point }) => point.name),
    names,
  );
  const batches = series.map(({ times }, i) =>
    Object.assign(plainBatch(type, new Int32Array(times.length).fill(i)), { dictionary: values }),
  );
  return { name: "point_name", type, nullable: false, batches };
}

function valueColumns(series: readonly ShapedSeries[]): ArrowColumn[] {
  const times = timeColumns(series).map((column) => plainBatch(TIMESTAMP, column));
  const further = series.map(furtherColumns);
  const names = further.slice(0, 1).flatMap((first) => first.map(({ name }) => name));
  return [
    { name: "timestamp", type: TIMESTAMP, nullable: false, batches: times },
    doubleColumn(
      "value",
      series.map(({ values }) => values),
    ),
    ...names.map((name) =>
      furtherColumn(
        name,
        further.map((columns) => {
          const found = columns.find((column) => column.name === name);
          if (found === undefined) throw new Error(`a series has no column ${name}, another one has`);
          return found.values;
        }),
      ),
    ),
  ];
}

function doubleColumn(name: string, columns: readonly Numbers[]): ArrowColumn {
  const batches = columns.map((column) =>
    doubleBatch(column instanceof Float64Array ? column : Float64Array.from(column)),
  );
  return { name, type: float64(), nullable: true, batches };
}

/** A column of texts if a series has texts, of integers if all series have integers of one type, else of doubles. */
function furtherColumn(name: string, columns: readonly FurtherColumn["values"][]): ArrowColumn {
  const numbers = columns.flatMap((column) => (isTexts(column) ? [] : [column]));
  if (numbers.length < columns.length) {
    const texts = columns.filter(isTexts);
    if (texts.length < columns.length)
      throw new Error(`the column ${name} has texts in some series, numbers in others`);
    return { name, type: utf8(), nullable: false, batches: texts.map(textBatch) };
  }
  const type = numbers.every((column) => column instanceof Int32Array)
    ? int32()
    : numbers.every((column) => column instanceof Uint8Array)
      ? uint8()
      : null;
  if (type === null) return doubleColumn(name, numbers);
  return { name, type, nullable: false, batches: numbers.map((column) => plainBatch(type, column)) };
}

/** Times as 64-bit integers. Series with the same times, such as those of whole buckets, share a column. */
function timeColumns(series: readonly ShapedSeries[]): BigInt64Array[] {
  const known = new Map<string, { readonly times: Float64Array; readonly column: BigInt64Array }>();
  return series.map(({ times }) => {
    const key = `${times.byteOffset} ${times.length}`;
    const found = known.get(key);
    if (found?.times.buffer === times.buffer) return found.column;
    const column = integers64(times);
    known.set(key, { times, column });
    return column;
  });
}

/** Converts integers in two 32-bit halves: a BigInt for each would be 24 bytes of garbage. */
function integers64(numbers: Float64Array): BigInt64Array {
  const halves = new Int32Array(2 * numbers.length);
  for (let i = 0; i < numbers.length; i++) {
    halves[2 * i] = numbers[i]! % 2 ** 32;
    halves[2 * i + 1] = Math.floor(numbers[i]! / 2 ** 32);
  }
  return new BigInt64Array(halves.buffer);
}

function plainBatch(type: DataType, values: TypedArray): Batch<unknown> {
  return new Batch({ length: values.length, nullCount: 0, type, validity: new Uint8Array(0), values });
}

/** Texts repeat, because most buckets have the same flags. */
function textBatch(texts: readonly string[]): Batch<unknown> {
  const known = new Map<string, Uint8Array>();
  const offsets = new Int32Array(texts.length + 1);
  const encoded = texts.map((text, i) => {
    const bytes = known.get(text) ?? ENCODER.encode(text);
    known.set(text, bytes);
    offsets[i + 1] = offsets[i]! + bytes.length;
    return bytes;
  });
  const values = new Uint8Array(offsets[texts.length]!);
  for (const [i, bytes] of encoded.entries()) values.set(bytes, offsets[i]);
  return new Batch({ length: texts.length, nullCount: 0, type: utf8(), validity: new Uint8Array(0), offsets, values });
}

/** NaN becomes null. */
function doubleBatch(values: Float64Array): Batch<unknown> {
  const validity = new Uint8Array(Math.ceil(values.length / 8));
  let nullCount = 0;
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i]!)) nullCount++;
    else validity[i >> 3]! |= 1 << (i & 7);
  }
  const none = nullCount === 0 ? new Uint8Array(0) : validity;
  return new Batch({ length: values.length, nullCount, type: float64(), validity: none, values });
}
