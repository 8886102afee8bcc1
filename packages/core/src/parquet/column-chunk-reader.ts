import { parquetHeader } from "hyparquet/src/column.js";
import { joinStreams } from "./byte-stream-split.ts";
import { unpackDifferences } from "./delta-binary-packed.ts";
import { freeBytes } from "../bytes/free-bytes.ts";
import { readIndexes, readRunStarts } from "./rle.ts";
import { checkThrift } from "./thrift-bounds.ts";
import { readZstdFrame } from "../bytes/zstd-frame.ts";

/** A page of a column chunk, not decompressed yet. */
interface Page {
  readonly isDictionary: boolean;
  readonly encoding: string | undefined;
  readonly count: number;
  /** bytes when decompressed */
  readonly size: number;
  readonly isCompressed: boolean;
  readonly stored: Uint8Array;
  /** byte of the chunk at which the page ends */
  readonly end: number;
}

const DOUBLE_BYTES = 8;
const INT64_BYTES = 8;

/** A page of a few differences is longer than the times themselves: its last block is filled up. */
const DELTA_HEAD_BYTES = 1024;

/** Most bytes of an index with a run of its own, and of a page's first ones. */
const INDEX_BYTES = 8;
const INDEX_HEAD_BYTES = 16;

/** Twelve names of the longest that D1 takes. */
const MAX_NAMES_BYTES = 24 * 1024 * 1024;

/** The pages of a chunk, which must fill it exactly. @throws for anything else */
function readPages(chunk: Uint8Array): Page[] {
  const reader = { view: viewOf(chunk), offset: 0 };
  const pages: Page[] = [];
  while (reader.offset < chunk.length) {
    const after = checkThrift(chunk, reader.offset);
    const header = parquetHeader(reader);
    if (reader.offset !== after) throw new Error("a page header of two readings");
    const { offset: start } = reader;
    const end = start + header.compressed_page_size;
    if (!(end > start && end <= chunk.length)) throw new Error("a page ends beyond its chunk");
    reader.offset = end;
    const isDictionary = header.type === "DICTIONARY_PAGE";
    const v2 = isDictionary ? undefined : header.data_page_header_v2;
    const about = isDictionary ? header.dictionary_page_header : v2;
    if (about === undefined || !(isDictionary || header.type === "DATA_PAGE_V2")) {
      throw new Error(`a page of type ${header.type}`);
    }
    if (v2 && (v2.num_nulls !== 0 || v2.num_rows !== v2.num_values)) throw new Error("a page has nulls");
    if (v2 && (v2.definition_levels_byte_length !== 0 || v2.repetition_levels_byte_length !== 0)) {
      throw new Error("a page has levels");
    }
    const { num_values: count } = about;
    const { uncompressed_page_size: size } = header;
    if (!isSize(count) || !isSize(size)) throw new Error("a page of no size");
    pages.push({
      isDictionary,
      encoding: about.encoding,
      count,
      size,
      isCompressed: v2?.is_compressed !== false,
      stored: chunk.subarray(start, end),
      end,
    });
  }
  return pages;
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * The bytes of a page, as {@link readZstdFrame} gives them: in a buffer of their own, for values that are a view on them
 * must not keep all that was fetched.
 * @param atMost bytes that the page may have: a few stored ones can decompress to gigabytes
 */
function contentOf({ stored, size, isCompressed }: Page, atMost: number): Uint8Array<ArrayBuffer> {
  if (size > atMost) throw new Error(`a page of ${size} bytes, more than ${atMost}`);
  if (isCompressed) return readZstdFrame(stored, size);
  if (stored.length !== size) throw new Error(`a page of ${stored.length} bytes instead of ${size}`);
  return new Uint8Array(stored);
}

/** The data pages of a chunk, and its dictionary page if it has one. */
function dataAndDictionary(chunk: Uint8Array): { data: Page[]; dictionary: Page | null } {
  const pages = readPages(chunk);
  const dictionary = pages[0]?.isDictionary ? pages[0] : null;
  const data = dictionary === null ? pages : pages.slice(1);
  if (data.length === 0 || data.some((page) => page.isDictionary))
    throw new Error("pages other than a dictionary and those of data");
  if (dictionary !== null && dictionary.encoding !== "PLAIN") throw new Error("a dictionary that is none");
  if (dictionary === null && data.some(({ encoding }) => encoding === "RLE_DICTIONARY"))
    throw new Error("indexes without a dictionary");
  return { data, dictionary };
}

/** The one data page of a chunk, and its dictionary page if it has one. */
function onePage(chunk: Uint8Array, rows: number): { page: Page; dictionary: Page | null } {
  const { data, dictionary } = dataAndDictionary(chunk);
  const [page] = data;
  if (page === undefined || data.length !== 1) throw new Error(`${data.length} pages of data instead of one`);
  if (page.count !== rows) throw new Error(`${page.count} rows instead of ${rows}`);
  return { page, dictionary };
}

/** The first `needed` of a timestamp chunk's `rows` times, epoch milliseconds. */
export function decodeTimes(chunk: Uint8Array, rows: number, needed: number): Float64Array {
  const { page } = onePage(chunk, rows);
  if (page.encoding === "PLAIN") {
    const times = new Float64Array(needed);
    const content = contentOf(page, rows * INT64_BYTES);
    if (content.length !== rows * INT64_BYTES) throw new Error(`${content.length} bytes for ${rows} times`);
    const words = new Uint32Array(content.buffer, content.byteOffset, 2 * needed);
    for (let row = 0; row < needed; row++) times[row] = words[2 * row]! + words[2 * row + 1]! * 2 ** 32;
    freeBytes(content);
    return times;
  }
  if (page.encoding === "DELTA_BINARY_PACKED") {
    return unpackDifferences(contentOf(page, rows * INT64_BYTES + DELTA_HEAD_BYTES), rows, needed);
  }
  throw new Error(`times are ${page.encoding}`);
}

/** A point's values, and the byte of the value chunk at which its page ends. */
interface DecodedPage {
  readonly values: Float64Array;
  readonly end: number;
}

/**
 * The doubles of the runs wanted.
 * @param chunk a value chunk, or its beginning, which ends with a page; a page holds a run
 * @param runs those of the row group, in their order
 */
export function decodeValues(
  chunk: Uint8Array,
  runs: readonly NameRun[],
  wanted: ReadonlySet<NameRun>,
): Map<NameRun, DecodedPage> {
  const { data, dictionary } = dataAndDictionary(chunk);
  const rows = runs.reduce((sum, { rows: own }) => sum + own, 0);
  let distinct: Float64Array | null = null;
  const decoded = new Map<NameRun, DecodedPage>();
  for (const [i, page] of data.entries()) {
    const run = runs[i];
    if (run?.rows !== page.count) throw new Error(`a page of ${page.count} values, not ${run?.rows ?? 0}`);
    if (!wanted.has(run)) continue;
    if (page.encoding === "RLE_DICTIONARY") distinct ??= readDoubles(dictionary!, rows);
    const values = page.encoding === "RLE_DICTIONARY" ? lookUp(page, distinct!) : readDoubles(page, rows);
    decoded.set(run, { values, end: page.end });
  }
  if (decoded.size < wanted.size) throw new Error(`${data.length} pages, of which some wanted is none`);
  return decoded;
}

function lookUp(page: Page, distinct: Float64Array): Float64Array {
  const indexes = indexesOf(page, distinct.length);
  const values = new Float64Array(indexes.length);
  for (let row = 0; row < indexes.length; row++) values[row] = distinct[indexes[row]!]!;
  freeBytes(indexes);
  return values;
}

/** @param atMost values */
function readDoubles(page: Page, atMost: number): Float64Array {
  const content = contentOf(page, atMost * DOUBLE_BYTES);
  if (content.length !== page.count * DOUBLE_BYTES) {
    throw new Error(`${content.length} bytes for ${page.count} values`);
  }
  if (page.encoding === "BYTE_STREAM_SPLIT") {
    const values = new Float64Array(joinStreams(content, page.count));
    freeBytes(content);
    return values;
  }
  if (page.encoding === "PLAIN") return new Float64Array(content.buffer, content.byteOffset, page.count);
  throw new Error(`values are ${page.encoding}`);
}

/** A name and its rows [firstRow, firstRow + rows) of a row group. */
export interface NameRun {
  readonly name: string;
  readonly firstRow: number;
  readonly rows: number;
}

/** The names of a point_name chunk, each standing in one run of rows, in the dictionary's order. */
export function decodeNames(chunk: Uint8Array, rows: number): NameRun[] {
  const { page, dictionary } = onePage(chunk, rows);
  if (dictionary === null) throw new Error("names without a dictionary");
  const names = readNames(dictionary);
  const starts = readRunStarts(indexContent(page), rows, names.length);
  return names.map((name, i) => ({ name, firstRow: starts[i]!, rows: (starts[i + 1] ?? rows) - starts[i]! }));
}

function readNames(page: Page): string[] {
  const view = viewOf(contentOf(page, MAX_NAMES_BYTES));
  // Our own loop: hyparquet's decoder drops a leading byte order mark and mends what is no UTF-8.
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const names: string[] = [];
  let at = 0;
  while (at < view.byteLength) {
    const length = view.getUint32(at, true);
    names.push(decoder.decode(new Uint8Array(view.buffer, view.byteOffset + at + 4, length)));
    at += 4 + length;
  }
  if (at !== view.byteLength || names.length !== page.count) throw new Error("a dictionary of another size");
  return names;
}

function indexesOf(page: Page, distinct: number): Uint32Array {
  return readIndexes(indexContent(page), page.count, distinct);
}

function indexContent(page: Page): Uint8Array {
  return contentOf(page, page.count * INDEX_BYTES + INDEX_HEAD_BYTES);
}
