import { crc32 } from "node:zlib";
import type { RowGroup } from "hyparquet";
import { parquetMetadata } from "hyparquet/src/metadata.js";
import { DEFAULT_PARSERS } from "hyparquet/src/convert.js";
import { parseDay } from "../domain/day.ts";
import { DayFileCorrupt } from "./day-file-error.ts";
import { dayFileKey } from "./day-file-key.ts";
import {
  COLUMNS,
  dayFileMetadataSchema,
  type DayFileSource,
  FOOTER_SEAL,
  FOOTER_SEAL_BYTES,
  FORMAT_VERSION,
  MAX_POINT_ROWS,
  METADATA_KEYS,
  PARQUET_MAGIC,
} from "./day-file-schema.ts";
import { extentBytes, MAX_EXTENT_BYTES, type RowGroupExtent } from "../block-days/locator.ts";
import { fetchRange, type RangeBucket, type RangeCost } from "./range-get.ts";
import type { GroupRead } from "./read-plan.ts";
import { checkThrift } from "./thrift-bounds.ts";
import { compareUtf8 } from "../domain/utf8-order.ts";

/** What a file says of itself. */
export interface Footer {
  /** of the object that the footer was read from */
  readonly etag: string;
  readonly site: string;
  /** whole days since 1970-01-01, UTC */
  readonly day: number;
  readonly source: DayFileSource;
  readonly rows: number;
  /** ascending, both in the file and by name */
  readonly groups: readonly { readonly group: RowGroupExtent; readonly minName: string; readonly maxName: string }[];
}

/** A footer takes about 41 bytes a point: this much holds that of 1,500 points, and a larger one costs a 2nd request. */
export const FOOTER_FETCH_BYTES = 64 * 1024;

/** The length of the metadata and `PAR1`, after it. */
const TAIL_BYTES = 8;

/** The object whose footer is read. */
export interface FooterFile {
  readonly key: string;
  /** null: whichever object is there */
  readonly etag: string | null;
  /** size of the footer, where it is known */
  readonly footerBytes?: number;
  /** size that the object must have, where it is known */
  readonly bytes?: number | undefined;
}

/**
 * Reads a file's footer from the end of the file.
 * @throws {DayFileMissing} {@link DayFileChanged} {@link DayFileCorrupt}
 */
export async function readFooter(
  bucket: RangeBucket,
  file: FooterFile,
  cost: RangeCost = { requests: 0, bytes: 0 },
): Promise<Footer> {
  const { key } = file;
  const length = file.footerBytes ?? FOOTER_FETCH_BYTES;
  const end = await fetchRange(bucket, key, file.etag, { offset: null, length, fileBytes: file.bytes }, cost);
  const tail = new DataView(end.bytes.buffer, end.bytes.byteOffset, end.bytes.byteLength);
  if (tail.byteLength < TAIL_BYTES + FOOTER_SEAL_BYTES) throw new DayFileCorrupt(key, 0, "is too short for a day file");
  if (tail.getUint32(tail.byteLength - 4, true) !== PARQUET_MAGIC)
    throw new DayFileCorrupt(key, end.size - 4, "does not end as Parquet");
  const sealed = tail.getUint32(tail.byteLength - TAIL_BYTES, true) + TAIL_BYTES + FOOTER_SEAL_BYTES;
  if (sealed > end.size) throw new DayFileCorrupt(key, end.size - TAIL_BYTES, "a footer longer than the file");
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
  if (seal.getUint32(0, true) !== FOOTER_SEAL) throw new DayFileCorrupt(key, offset, "a footer without our seal");
  if (seal.getUint32(4, true) !== crc32(footer)) throw new DayFileCorrupt(key, offset, "a footer with another CRC-32");
  try {
    return { etag: end.etag, ...parseFooter(footer, key, offset) };
  } catch (error) {
    throw new DayFileCorrupt(key, offset, error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function parseFooter(bytes: Uint8Array, key: string, end: number): Omit<Footer, "etag"> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const parsers = { ...DEFAULT_PARSERS, stringFromBytes: (text: Uint8Array) => decoder.decode(text) };
  checkThrift(bytes, 0);
  const metadata = parquetMetadata(bytes, { parsers, geoparquet: false });
  const entries = (metadata.key_value_metadata ?? []).map(({ key: name, value }) => [name, value] as const);
  const about = dayFileMetadataSchema.parse(Object.fromEntries(entries));
  const version = about[METADATA_KEYS.formatVersion];
  if (version !== FORMAT_VERSION) throw new Error(`format version ${version}, not ${FORMAT_VERSION}`);
  const site = about[METADATA_KEYS.site];
  const day = parseDay(about[METADATA_KEYS.day]);
  if (day === null || dayFileKey(site, day) !== key) throw new Error("a footer of another site or day");
  const crcs = about[METADATA_KEYS.rowGroupCrc32].match(/.{8}/g) ?? [];
  if (crcs.length !== metadata.row_groups.length) throw new Error("not a CRC-32 for each row group");
  const groups = metadata.row_groups.map((group, i) => describeGroup(group, Number.parseInt(crcs[i]!, 16)));
  let [at, rows] = [0, 0];
  for (const [i, { group, minName, maxName }] of groups.entries()) {
    if (group.offset < at || compareUtf8(minName, maxName) > 0) throw new Error("row groups out of order");
    if (i > 0 && compareUtf8(groups[i - 1]!.maxName, minName) >= 0) throw new Error("names out of order");
    at = group.offset + extentBytes(group);
    rows += group.rows;
  }
  if (at > end) throw new Error("row groups beyond the footer");
  if (rows !== about[METADATA_KEYS.rowCount] || BigInt(rows) !== metadata.num_rows)
    throw new Error("another row count");
  return { site, day, source: about[METADATA_KEYS.source], rows, groups };
}

function describeGroup({ columns, num_rows }: RowGroup, crc: number): Footer["groups"][number] {
  const chunks = columns.map(({ meta_data: chunk }, i) => {
    if (chunk === undefined || chunk.path_in_schema.join(".") !== COLUMNS[i]) throw new Error("other columns");
    if (chunk.codec !== "ZSTD" || chunk.num_values !== num_rows) throw new Error("column chunks that do not fit");
    const offset = Number(chunk.dictionary_page_offset ?? chunk.data_page_offset);
    return { offset, bytes: Number(chunk.total_compressed_size), statistics: chunk.statistics };
  });
  const [time, name, value] = chunks;
  if (time === undefined || name === undefined || value === undefined) throw new Error("too few columns");
  if (name.offset !== time.offset + time.bytes || value.offset !== name.offset + name.bytes) {
    throw new Error("column chunks that do not touch");
  }
  const { min_value: minName, max_value: maxName } = name.statistics ?? {};
  if (typeof minName !== "string" || typeof maxName !== "string")
    throw new Error("a row group without name statistics");
  const own = [time, name, value];
  if (!own.every(({ offset, bytes }) => Number.isSafeInteger(offset) && bytes > 0 && bytes <= MAX_EXTENT_BYTES)) {
    throw new Error("column chunks of no size that a writer of ours makes");
  }
  if (!(num_rows > 0 && num_rows <= MAX_POINT_ROWS)) throw new Error(`a row group of ${num_rows} rows`);
  const sizes = { offset: time.offset, timeBytes: time.bytes, nameBytes: name.bytes, valueBytes: value.bytes };
  return { group: { ...sizes, rows: Number(num_rows), crc32: crc }, minName, maxName };
}

/** The row groups that may hold points, by the footer's name statistics; a point in none of them has no samples. */
export function groupReadsByFooter(footer: Footer, names: readonly string[]): GroupRead[] {
  const sorted = [...new Set(names)].sort(compareUtf8);
  const reads: GroupRead[] = [];
  let next = 0;
  for (const { group, minName, maxName } of footer.groups) {
    while (next < sorted.length && compareUtf8(sorted[next]!, minName) < 0) next++;
    const first = next;
    while (next < sorted.length && compareUtf8(sorted[next]!, maxName) <= 0) next++;
    if (next > first)
      reads.push({ group, points: sorted.slice(first, next).map((name) => ({ name, expected: null })) });
  }
  return reads;
}
