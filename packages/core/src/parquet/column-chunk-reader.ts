import { parquetHeader } from "hyparquet/src/column.js";
import { joinStreams } from "./byte-stream-split.ts";
import { unpackDifferences } from "./delta-binary-packed.ts";
import { freeBytes } from "../bytes/free-bytes.ts";
import { readIndexes, readRunStarts } from "./rle.ts";
import { checkThrift } from "./thrift-bounds.ts";
import { readZstdFrame } from "../bytes/zstd-frame.ts";

/** A page of a column chunk, before decompression. */
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

/** A page of few differences is longer than the plain times, because its last block is padded. */
const DELTA_HEAD_BYTES = 1024;

/** Upper bounds: bytes of an index in a run of its own, and of a page's header of indexes. */
const INDEX_BYTES = 8;
const INDEX_HEAD_BYTES = 16;

/** Twelve names of the longest that D1 accepts. */
const MAX_NAMES_BYTES = 24 * 1024 * 1024;

/**
 * Parses the pages of a chunk.
 * @throws {Error} if they do not fill it exactly, or a page is not one that the writer makes
 */
function readPages(chunk: Uint8Array): Page[] {
  const reader = { view: viewOf(chunk), offset: 0 };
  const pages: Page[] = [];
  while (reader.offset < chunk.length) {
    const after = checkThrift(chunk, reader.offset);
    const header = parquetHeader(reader);
    if (reader.offset !== after)
      throw new Error(`page header: the parser read up to byte ${reader.offset}, the bounds check to ${after}`);
    const { offset: start } = reader;
    const end = start + header.compressed_page_size;
    if (!(end > start && end <= chunk.length)) throw new Error("page: ends beyond its chunk");
    reader.offset = end;
    const isDictionary = header.type === "DICTIONARY_PAGE";
    const v2 = isDictionary ? undefined : header.data_page_header_v2;
    const about = isDictionary ? header.dictionary_page_header : v2;
    if (about === undefined || !(isDictionary || header.type === "DATA_PAGE_V2")) {
      throw new Error(`page: type ${header.type} is unsupported, or has the header of another type`);
    }
    if (v2 && (v2.num_nulls !== 0 || v2.num_rows !== v2.num_values)) throw new Error("page: has nulls");
    if (v2 && (v2.definition_levels_byte_length !== 0 || v2.repetition_levels_byte_length !== 0)) {
      throw new Error("page: has levels");
    }
    const { num_values: count } = about;
    const { uncompressed_page_size: size } = header;
    if (!isSize(count) || !isSize(size)) throw new Error("page: its header states no valid size");
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
 * Decompresses a page into a buffer of its own, so that views on its values do not retain the whole fetch.
 * @param maxBytes limit, because a few stored bytes can decompress to gigabytes
 */
function contentOf({ stored, size, isCompressed }: Page, maxBytes: number): Uint8Array<ArrayBuffer> {
  if (size > maxBytes) throw new Error(`page: ${size} bytes, limit ${maxBytes}`);
  if (isCompressed) return readZstdFrame(stored, size);
  if (stored.length !== size) throw new Error(`page: ${stored.length} bytes, its header says ${size}`);
  return new Uint8Array(stored);
}

function dataAndDictionary(chunk: Uint8Array): { data: Page[]; dictionary: Page | null } {
  const pages = readPages(chunk);
  const dictionary = pages[0]?.isDictionary ? pages[0] : null;
  const data = dictionary === null ? pages : pages.slice(1);
  if (data.length === 0 || data.some((page) => page.isDictionary))
    throw new Error("chunk: its pages are not one optional dictionary and then data");
  if (dictionary !== null && dictionary.encoding !== "PLAIN") throw new Error("dictionary: its encoding is not PLAIN");
  if (dictionary === null && data.some(({ encoding }) => encoding === "RLE_DICTIONARY"))
    throw new Error("chunk: indexes without a dictionary");
  return { data, dictionary };
}

function onlyDataPage(chunk: Uint8Array, rows: number): { page: Page; dictionary: Page | null } {
  const { data, dictionary } = dataAndDictionary(chunk);
  const [page] = data;
  if (page === undefined || data.length !== 1) throw new Error(`chunk: ${data.length} data pages instead of one`);
  if (page.count !== rows) throw new Error(`page: ${page.count} rows, expected ${rows}`);
  return { page, dictionary };
}

/** Decodes the first `needed` of a timestamp chunk's `rows` times, epoch milliseconds. */
export function decodeTimes(chunk: Uint8Array, rows: number, needed: number): Float64Array {
  const { page } = onlyDataPage(chunk, rows);
  if (page.encoding === "PLAIN") {
    const times = new Float64Array(needed);
    const content = contentOf(page, rows * INT64_BYTES);
    if (content.length !== rows * INT64_BYTES) throw new Error(`times: ${content.length} bytes for ${rows} rows`);
    const words = new Uint32Array(content.buffer, content.byteOffset, 2 * needed);
    for (let row = 0; row < needed; row++) times[row] = words[2 * row]! + words[2 * row + 1]! * 2 ** 32;
    freeBytes(content);
    return times;
  }
  if (page.encoding === "DELTA_BINARY_PACKED") {
    return unpackDifferences(contentOf(page, rows * INT64_BYTES + DELTA_HEAD_BYTES), rows, needed);
  }
  throw new Error(`times: encoding ${page.encoding}`);
}

/** A point's values, and the byte of the value chunk at which their page ends. */
interface DecodedPage {
  readonly values: Float64Array;
  readonly end: number;
}

/**
 * Decodes the values of the wanted runs; each run has its own page.
 * @param chunk a value chunk, or its beginning up to the end of a page
 * @param runs all runs of the row group, in order
 */
export function decodeValues(
  chunk: Uint8Array,
  runs: readonly NameRun[],
  wanted: ReadonlySet<NameRun>,
): Map<NameRun, DecodedPage> {
  const { data, dictionary } = dataAndDictionary(chunk);
  const rows = runs.reduce((sum, run) => sum + run.rows, 0);
  let distinct: Float64Array | null = null;
  const decoded = new Map<NameRun, DecodedPage>();
  for (const [i, page] of data.entries()) {
    const run = runs[i];
    if (run?.rows !== page.count) throw new Error(`page: ${page.count} values, expected ${run?.rows ?? 0}`);
    if (!wanted.has(run)) continue;
    if (page.encoding === "RLE_DICTIONARY") distinct ??= readDoubles(dictionary!, rows);
    const values = page.encoding === "RLE_DICTIONARY" ? lookUp(page, distinct!) : readDoubles(page, rows);
    decoded.set(run, { values, end: page.end });
  }
  if (decoded.size < wanted.size) throw new Error(`chunk: ${data.length} data pages, none for a wanted run`);
  return decoded;
}

function lookUp(page: Page, distinct: Float64Array): Float64Array {
  const indexes = indexesOf(page, distinct.length);
  const values = new Float64Array(indexes.length);
  for (let row = 0; row < indexes.length; row++) values[row] = distinct[indexes[row]!]!;
  freeBytes(indexes);
  return values;
}

/** @param maxValues limit of the decompressed page */
function readDoubles(page: Page, maxValues: number): Float64Array {
  const content = contentOf(page, maxValues * DOUBLE_BYTES);
  if (content.length !== page.count * DOUBLE_BYTES) {
    throw new Error(`values: ${content.length} bytes for ${page.count} values`);
  }
  if (page.encoding === "BYTE_STREAM_SPLIT") {
    const values = new Float64Array(joinStreams(content, page.count));
    freeBytes(content);
    return values;
  }
  if (page.encoding === "PLAIN") return new Float64Array(content.buffer, content.byteOffset, page.count);
  throw new Error(`values: encoding ${page.encoding}`);
}

/** A name and its rows [firstRow, firstRow + rows) in a row group. */
export interface NameRun {
  readonly name: string;
  readonly firstRow: number;
  readonly rows: number;
}

/** Decodes a point_name chunk: each name has one run of rows, in the dictionary's order. */
export function decodeNames(chunk: Uint8Array, rows: number): NameRun[] {
  const { page, dictionary } = onlyDataPage(chunk, rows);
  if (dictionary === null) throw new Error("names: no dictionary");
  const names = readNames(dictionary);
  const starts = readRunStarts(indexContent(page), rows, names.length);
  return names.map((name, i) => ({ name, firstRow: starts[i]!, rows: (starts[i + 1] ?? rows) - starts[i]! }));
}

function readNames(page: Page): string[] {
  const view = viewOf(contentOf(page, MAX_NAMES_BYTES));
  // hyparquet's decoder drops a leading byte order mark and replaces ill-formed UTF-8, so this loop decodes itself.
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const names: string[] = [];
  let at = 0;
  while (at < view.byteLength) {
    const length = view.getUint32(at, true);
    names.push(decoder.decode(new Uint8Array(view.buffer, view.byteOffset + at + 4, length)));
    at += 4 + length;
  }
  if (at !== view.byteLength || names.length !== page.count)
    throw new Error("names: the dictionary has another size than its header says");
  return names;
}

function indexesOf(page: Page, distinct: number): Uint32Array {
  return readIndexes(indexContent(page), page.count, distinct);
}

function indexContent(page: Page): Uint8Array {
  return contentOf(page, page.count * INDEX_BYTES + INDEX_HEAD_BYTES);
}
