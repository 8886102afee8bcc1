import { crc32 } from "node:zlib";
import type { FileMetaData } from "hyparquet";
import { DEFAULT_PARSERS } from "hyparquet/src/convert.js";
import { parquetMetadata } from "hyparquet/src/metadata.js";
import { DayFileCorrupt } from "../r2/file-error.ts";
import { FOOTER_SEAL, FOOTER_SEAL_BYTES, PARQUET_MAGIC } from "./file-schema.ts";
import { fetchRange, type RangeBucket, type RangeCost } from "../r2/range-get.ts";
import { checkThrift } from "./thrift-bounds.ts";

/** A footer takes about 41 bytes a point. This holds one of 1,500 points; a larger footer costs a second request. */
const FOOTER_FETCH_BYTES = 64 * 1024;

/** The last bytes of a file: the length of the metadata, and `PAR1`. */
const TAIL_BYTES = 8;

export interface FooterFile {
  readonly key: string;
  /** null: any object of the key */
  readonly etag: string | null;
  /** bytes of the footer with its seal; undefined: unknown */
  readonly footerBytes?: number;
  /** expected size of the object; undefined: not checked */
  readonly bytes?: number | undefined;
}

/** A file's Parquet metadata, verified by the seal. */
interface SealedFooter {
  /** of the object that it was read from */
  readonly etag: string;
  /** byte of the file at which the seal begins */
  readonly offset: number;
  readonly metadata: FileMetaData;
}

/**
 * Reads the seal and the footer of a file.
 * @throws {DayFileMissing} {@link DayFileChanged} {@link DayFileCorrupt}
 */
export async function readSealedFooter(bucket: RangeBucket, file: FooterFile, cost: RangeCost): Promise<SealedFooter> {
  const { key } = file;
  const length = file.footerBytes ?? FOOTER_FETCH_BYTES;
  const end = await fetchRange(bucket, key, file.etag, { offset: null, length, fileBytes: file.bytes }, cost);
  const tail = new DataView(end.bytes.buffer, end.bytes.byteOffset, end.bytes.byteLength);
  if (tail.byteLength < TAIL_BYTES + FOOTER_SEAL_BYTES)
    throw new DayFileCorrupt(key, 0, "footer: the file is too short to hold one");
  if (tail.getUint32(tail.byteLength - 4, true) !== PARQUET_MAGIC)
    throw new DayFileCorrupt(key, end.size - 4, "footer: the file does not end with PAR1");
  const sealed = tail.getUint32(tail.byteLength - TAIL_BYTES, true) + TAIL_BYTES + FOOTER_SEAL_BYTES;
  if (sealed > end.size) throw new DayFileCorrupt(key, end.size - TAIL_BYTES, "footer: longer than the file");
  const offset = end.size - sealed;
  let bytes = end.bytes.subarray(Math.max(0, end.bytes.length - sealed));
  if (bytes.length < sealed) {
    const missing = sealed - bytes.length;
    const rest = await fetchRange(bucket, key, end.etag, { offset, length: missing }, cost);
    const joined = new Uint8Array(sealed);
    joined.set(rest.bytes);
    joined.set(bytes, missing);
    bytes = joined;
  }
  const seal = new DataView(bytes.buffer, bytes.byteOffset, FOOTER_SEAL_BYTES);
  const footer = bytes.subarray(FOOTER_SEAL_BYTES);
  if (seal.getUint32(0, true) !== FOOTER_SEAL) throw new DayFileCorrupt(key, offset, "footer: it has no seal");
  if (seal.getUint32(4, true) !== crc32(footer))
    throw new DayFileCorrupt(key, offset, "footer: its CRC-32 differs from the seal's");
  try {
    return { etag: end.etag, offset, metadata: parseMetadata(footer) };
  } catch (error) {
    throw new DayFileCorrupt(key, offset, error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** Parses metadata so that it can be encoded again: names unchanged, times as integers. */
export function parseMetadata(bytes: Uint8Array): FileMetaData {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const parsers = {
    ...DEFAULT_PARSERS,
    stringFromBytes: (text: Uint8Array) => decoder.decode(text),
    timestampFromMilliseconds: (time: bigint) => time,
  };
  checkThrift(bytes, 0);
  return parquetMetadata(bytes, { parsers, geoparquet: false });
}
