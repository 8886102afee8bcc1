import { parquetHeader } from "hyparquet/src/column.js";
import { deltaBinaryUnpack } from "hyparquet/src/delta.js";
import { byteStreamSplit, readRleBitPackedHybrid } from "hyparquet/src/encoding.js";
import { readPlain } from "hyparquet/src/plain.js";
import { readZstdFrame } from "./zstd-frame.ts";

/** A page of a column chunk, decompressed. */
interface Page {
  readonly kind: string | undefined;
  readonly encoding: string | undefined;
  readonly count: number;
  readonly view: DataView;
}

const DOUBLE_BYTES = 8;

/** The pages of a chunk, which must fill it exactly. @throws for anything else */
function readPages(chunk: Uint8Array): Page[] {
  const reader = { view: new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength), offset: 0 };
  const pages: Page[] = [];
  while (reader.offset < chunk.length) {
    const header = parquetHeader(reader);
    const end = reader.offset + header.compressed_page_size;
    if (!(end > reader.offset && end <= chunk.length)) throw new Error("a page ends beyond its chunk");
    const data = readZstdFrame(chunk.subarray(reader.offset, end), header.uncompressed_page_size);
    reader.offset = end;
    const v2 = header.data_page_header_v2;
    if (v2 && (v2.num_nulls !== 0 || v2.num_rows !== v2.num_values)) throw new Error("a page has nulls");
    if (v2 && (v2.definition_levels_byte_length !== 0 || v2.repetition_levels_byte_length !== 0)) {
      throw new Error("a page has levels");
    }
    const about = v2 ?? header.dictionary_page_header;
    if (about === undefined) throw new Error(`a page of type ${header.type}`);
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    pages.push({ kind: header.type, encoding: about.encoding, count: about.num_values, view });
  }
  return pages;
}

/** The one data page of a chunk, and its dictionary page if it has one. */
function dataAndDictionary(chunk: Uint8Array, rows: number): { data: Page; dictionary: Page | null } {
  const pages = readPages(chunk);
  const data = pages.at(-1);
  const dictionary = pages.length === 2 ? pages[0]! : null;
  if (data?.kind !== "DATA_PAGE_V2" || pages.length > 2)
    throw new Error("pages other than a dictionary and one of data");
  if (data.count !== rows) throw new Error(`${data.count} rows instead of ${rows}`);
  if (dictionary !== null && (dictionary.kind !== "DICTIONARY_PAGE" || dictionary.encoding !== "PLAIN")) {
    throw new Error("a dictionary that is none");
  }
  if ((dictionary !== null) !== (data.encoding === "RLE_DICTIONARY")) throw new Error("a dictionary too many or few");
  return { data, dictionary };
}

/** The first `needed` of a timestamp chunk's `rows` times, epoch milliseconds. */
export function decodeTimes(chunk: Uint8Array, rows: number, needed: number): BigInt64Array {
  const { data } = dataAndDictionary(chunk, rows);
  if (data.encoding !== "DELTA_BINARY_PACKED") throw new Error(`times are ${data.encoding}`);
  const times = new BigInt64Array(needed);
  deltaBinaryUnpack({ view: data.view, offset: 0 }, needed, times);
  return times;
}

/** A value chunk's doubles. */
export function decodeValues(chunk: Uint8Array, rows: number): Float64Array {
  const { data, dictionary } = dataAndDictionary(chunk, rows);
  if (dictionary !== null) {
    const distinct = readDoubles(dictionary);
    const indexes = readIndexes(data, distinct.length);
    const values = new Float64Array(rows);
    for (let row = 0; row < rows; row++) values[row] = distinct[indexes[row]!]!;
    return values;
  }
  return readDoubles(data);
}

function readDoubles({ encoding, count, view }: Page): Float64Array {
  if (view.byteLength !== count * DOUBLE_BYTES) throw new Error(`${view.byteLength} bytes for ${count} values`);
  const reader = { view, offset: 0 };
  let values: unknown;
  if (encoding === "BYTE_STREAM_SPLIT") values = byteStreamSplit(reader, count, "DOUBLE", undefined);
  else if (encoding === "PLAIN") values = readPlain(reader, "DOUBLE", count, undefined);
  if (!(values instanceof Float64Array)) throw new Error(`values are ${encoding}`);
  return values;
}

/** A name and its rows [firstRow, firstRow + rows) of a row group. */
export interface NameRun {
  readonly name: string;
  readonly firstRow: number;
  readonly rows: number;
}

/** The names of a point_name chunk, each standing in one run of rows, in the dictionary's order. */
export function decodeNames(chunk: Uint8Array, rows: number): NameRun[] {
  const { data, dictionary } = dataAndDictionary(chunk, rows);
  if (dictionary === null) throw new Error("names without a dictionary");
  const names = readNames(dictionary);
  const indexes = readIndexes(data, names.length);
  const starts: number[] = [];
  for (let row = 0; row < rows; row++) {
    if (row > 0 && indexes[row] === indexes[row - 1]) continue;
    if (indexes[row] !== starts.length) throw new Error(`row ${row} has a name out of order`);
    starts.push(row);
  }
  if (starts.length !== names.length) throw new Error("a name without rows");
  return names.map((name, i) => ({ name, firstRow: starts[i]!, rows: (starts[i + 1] ?? rows) - starts[i]! }));
}

function readNames({ count, view }: Page): string[] {
  // Our own loop: hyparquet's decoder drops a leading byte order mark and mends what is no UTF-8.
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const names: string[] = [];
  let at = 0;
  while (at < view.byteLength) {
    const length = view.getUint32(at, true);
    names.push(decoder.decode(new Uint8Array(view.buffer, view.byteOffset + at + 4, length)));
    at += 4 + length;
  }
  if (at !== view.byteLength || names.length !== count) throw new Error("a dictionary of another size");
  return names;
}

function readIndexes({ count, view }: Page, distinct: number): number[] {
  const indexes: number[] = Array.from({ length: count });
  const width = view.getUint8(0);
  if (width > 32) throw new Error(`indexes of ${width} bits`);
  readRleBitPackedHybrid({ view, offset: 1 }, width, indexes, view.byteLength - 1);
  if (indexes.length !== count) throw new Error(`${indexes.length} rows instead of ${count}`);
  for (let row = 0; row < count; row++) {
    if (!(indexes[row]! >= 0 && indexes[row]! < distinct)) throw new Error("an index beyond the dictionary");
  }
  return indexes;
}
