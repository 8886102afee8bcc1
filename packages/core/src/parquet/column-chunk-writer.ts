import type { ColumnChunk, Encoding } from "hyparquet";
import type { ByteWriter } from "hyparquet-writer/src/bytewriter.js";
import { writePageHeader } from "hyparquet-writer/src/datapage.js";
import { zstdFrame } from "../bytes/zstd-frame.ts";
import { freeBytes } from "../bytes/free-bytes.ts";

/** An encoded data page. */
export interface DataPage {
  readonly encoding: Encoding;
  readonly rows: number;
  /** bytes before compression */
  readonly size: number;
  readonly isCompressed: boolean;
  readonly stored: Uint8Array;
}

/** The distinct values of a chunk's RLE_DICTIONARY pages, in PLAIN encoding. */
export interface DictionaryPage {
  readonly values: number;
  readonly bytes: Uint8Array;
}

export interface ChunkPages {
  readonly dictionary: DictionaryPage | null;
  readonly data: readonly DataPage[];
}

/** Returns the smaller of two pages of the same values and frees the other. */
export function smallerPage(a: DataPage, b: DataPage): DataPage {
  const [smaller, larger] = a.stored.length < b.stored.length ? [a, b] : [b, a];
  freePage(larger);
  return smaller;
}

/** Frees a page's compressed bytes. An uncompressed page shares its bytes with the caller's values. */
export function freePage({ isCompressed, stored }: DataPage): void {
  if (isCompressed) freeBytes(stored);
}

/** {@link dataPage} of bytes that have no other owner: they are freed once the page is compressed. */
export function ownPage(encoding: Encoding, rows: number, bytes: Uint8Array): DataPage {
  const page = dataPage(encoding, rows, bytes);
  if (page.isCompressed) freeBytes(bytes);
  return page;
}

/** Makes a page of encoded values, compressed if that makes it smaller. */
export function dataPage(encoding: Encoding, rows: number, bytes: Uint8Array): DataPage {
  const frame = zstdFrame(bytes);
  const isCompressed = frame.length < bytes.length;
  return { encoding, rows, size: bytes.length, isCompressed, stored: isCompressed ? frame : bytes };
}

/**
 * Writes the pages of a column without nulls.
 * @returns the chunk's entry of the footer, and the byte of the file at which each data page ends
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
  for (const { encoding, rows: pageRows, size, isCompressed, stored } of data) {
    const headerStart = writer.offset;
    writePageHeader(writer, {
      type: "DATA_PAGE_V2",
      uncompressed_page_size: size,
      compressed_page_size: stored.length,
      data_page_header_v2: {
        num_values: pageRows,
        num_nulls: 0,
        num_rows: pageRows,
        encoding,
        definition_levels_byte_length: 0,
        repetition_levels_byte_length: 0,
        is_compressed: isCompressed,
      },
    });
    uncompressed += writer.offset - headerStart + size;
    writer.appendBytes(stored);
    encodings.add(encoding);
    rows += pageRows;
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
