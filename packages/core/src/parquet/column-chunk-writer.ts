import type { ColumnChunk, Encoding } from "hyparquet";
import type { ByteWriter } from "hyparquet-writer/src/bytewriter.js";
import { writePageHeader } from "hyparquet-writer/src/datapage.js";
import { zstdFrame } from "../bytes/zstd-frame.ts";
import { freeBytes } from "../bytes/free-bytes.ts";

/** A data page, ready to be written. */
export interface DataPage {
  readonly encoding: Encoding;
  readonly rows: number;
  /** bytes before compression */
  readonly size: number;
  readonly isCompressed: boolean;
  readonly stored: Uint8Array;
}

/** The distinct values that a chunk's RLE_DICTIONARY pages point into, in PLAIN encoding. */
export interface DictionaryPage {
  readonly values: number;
  readonly bytes: Uint8Array;
}

/** The pages of a column chunk. */
export interface ChunkPages {
  readonly dictionary: DictionaryPage | null;
  readonly data: readonly DataPage[];
}

/** The smaller of two pages of the same values; the other one is given back. */
export function smallerPage(a: DataPage, b: DataPage): DataPage {
  const [smaller, larger] = a.stored.length < b.stored.length ? [a, b] : [b, a];
  freePage(larger);
  return smaller;
}

/** Gives back what a page holds of its own: not the values of one that is not compressed. */
export function freePage({ isCompressed, stored }: DataPage): void {
  if (isCompressed) freeBytes(stored);
}

/** {@link dataPage} of bytes that nobody else has: they are given back where the page is compressed. */
export function ownPage(encoding: Encoding, rows: number, bytes: Uint8Array): DataPage {
  const page = dataPage(encoding, rows, bytes);
  if (page.isCompressed) freeBytes(bytes);
  return page;
}

/** Makes a page of encoded values, compressed unless that makes it longer, as a page of a few bytes. */
export function dataPage(encoding: Encoding, rows: number, bytes: Uint8Array): DataPage {
  const frame = zstdFrame(bytes);
  const isCompressed = frame.length < bytes.length;
  return { encoding, rows, size: bytes.length, isCompressed, stored: isCompressed ? frame : bytes };
}

/**
 * Writes the pages of a column without nulls.
 * @returns what the footer says of the chunk, and where in the file each of its data pages ends
 */
export function writeColumnChunk(
  writer: ByteWriter,
  column: { readonly name: string; readonly type: "INT64" | "DOUBLE" | "BYTE_ARRAY" },
  { dictionary, data }: ChunkPages,
): { chunk: ColumnChunk; pageEnds: number[] } {
  const start = writer.offset;
  const encodings = new Set<Encoding>();
  let uncompressed = 0;
  if (dictionary !== null) {
    const frame = zstdFrame(dictionary.bytes);
    const headerStart = writer.offset;
    writePageHeader(writer, {
      type: "DICTIONARY_PAGE",
      uncompressed_page_size: dictionary.bytes.length,
      compressed_page_size: frame.length,
      dictionary_page_header: { num_values: dictionary.values, encoding: "PLAIN" },
    });
    uncompressed += writer.offset - headerStart + dictionary.bytes.length;
    writer.appendBytes(frame);
    encodings.add("PLAIN");
  }
  const dataStart = writer.offset;
  const pageEnds: number[] = [];
  let rows = 0;
  for (const { encoding, rows: own, size, isCompressed, stored } of data) {
    const headerStart = writer.offset;
    writePageHeader(writer, {
      type: "DATA_PAGE_V2",
      uncompressed_page_size: size,
      compressed_page_size: stored.length,
      data_page_header_v2: {
        num_values: own,
        num_nulls: 0,
        num_rows: own,
        encoding,
        definition_levels_byte_length: 0,
        repetition_levels_byte_length: 0,
        is_compressed: isCompressed,
      },
    });
    uncompressed += writer.offset - headerStart + size;
    writer.appendBytes(stored);
    encodings.add(encoding);
    rows += own;
    pageEnds.push(writer.offset);
  }
  const chunk: ColumnChunk = {
    file_offset: BigInt(start),
    meta_data: {
      type: column.type,
      encodings: [...encodings],
      path_in_schema: [column.name],
      codec: "ZSTD",
      num_values: BigInt(rows),
      total_uncompressed_size: BigInt(uncompressed),
      total_compressed_size: BigInt(writer.offset - start),
      data_page_offset: BigInt(dataStart),
      ...(dictionary === null ? {} : { dictionary_page_offset: BigInt(start) }),
    },
  };
  return { chunk, pageEnds };
}
