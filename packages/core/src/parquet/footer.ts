import type { FileMetaData, RowGroup } from "hyparquet";
import type { z } from "zod";
import { parseDay } from "../domain/day.ts";
import { monthDays, parseMonth } from "../domain/month.ts";
import { DayFileCorrupt } from "../r2/file-error.ts";
import { COLUMNS, type FileAbout, fileMetadataSchema, FORMAT_VERSION, METADATA_KEYS } from "./file-schema.ts";
import { extentBytes, MAX_EXTENT_BYTES, type RowGroupExtent } from "./locator.ts";
import { limitsOf, periodFileKey } from "../r2/period.ts";
import type { RangeBucket, RangeCost } from "../r2/range-get.ts";
import type { GroupRead } from "./read-plan.ts";
import { type FooterFile, readSealedFooter } from "./sealed-footer.ts";
import { compareUtf8 } from "../domain/utf8-order.ts";

type FooterGroups = readonly { readonly group: RowGroupExtent; readonly minName: string; readonly maxName: string }[];

interface FooterCommon {
  /** of the object that the footer was read from */
  readonly etag: string;
  readonly site: string;
  readonly rows: number;
  /** ascending, both in the file and by name */
  readonly groups: FooterGroups;
}

/** The checked contents of a file's footer. */
export type Footer = FooterCommon & FileAbout;

/**
 * Reads and checks a file's footer.
 * @throws {DayFileMissing} {@link DayFileChanged} {@link DayFileCorrupt}
 */
export async function readFooter(
  bucket: RangeBucket,
  file: FooterFile,
  cost: RangeCost = { requests: 0, bytes: 0 },
): Promise<Footer> {
  const { etag, offset, metadata } = await readSealedFooter(bucket, file, cost);
  return parseFooter(file.key, etag, metadata, offset);
}

/**
 * Checks a footer's metadata.
 * @param end byte of the file at which the row groups must have ended
 * @throws {DayFileCorrupt} if our writer cannot have made it, or not under this key
 */
export function parseFooter(key: string, etag: string, metadata: FileMetaData, end: number): Footer {
  try {
    return { etag, ...describeFile(metadata, key, end) };
  } catch (error) {
    throw new DayFileCorrupt(key, end, error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function describeFile(metadata: FileMetaData, key: string, end: number): Omit<FooterCommon, "etag"> & FileAbout {
  const entries = (metadata.key_value_metadata ?? []).map(({ key: name, value }) => [name, value] as const);
  const about = fileMetadataSchema.parse(Object.fromEntries(entries));
  const version = about[METADATA_KEYS.formatVersion];
  if (version !== FORMAT_VERSION) throw new Error(`footer: format version ${version}, expected ${FORMAT_VERSION}`);
  const site = about[METADATA_KEYS.site];
  const period = aboutOf(about);
  if (period === null || periodFileKey(site, period) !== key)
    throw new Error("footer: of another site or day than its key");
  const crcs = (about[METADATA_KEYS.rowGroupCrc32].match(/.{8}/g) ?? []).map((crc) => Number.parseInt(crc, 16));
  if (crcs.length !== metadata.row_groups.length)
    throw new Error(`footer: ${crcs.length} CRC-32 for ${metadata.row_groups.length} row groups`);
  const { pointRows, groupRows } = limitsOf(period);
  const groups = metadata.row_groups.map((group, i) => describeGroup(group, crcs[i]!, Math.max(pointRows, groupRows)));
  let [at, rows] = [0, 0];
  for (const [i, { group, minName, maxName }] of groups.entries()) {
    if (group.offset < at || compareUtf8(minName, maxName) > 0) throw new Error("footer: row groups out of order");
    if (i > 0 && compareUtf8(groups[i - 1]!.maxName, minName) >= 0) throw new Error("footer: names out of order");
    at = group.offset + extentBytes(group);
    rows += group.rows;
  }
  if (at > end) throw new Error("footer: row groups extend beyond it");
  if (rows !== about[METADATA_KEYS.rowCount] || BigInt(rows) !== metadata.num_rows)
    throw new Error(
      `footer: ${rows} rows, its metadata says ${about[METADATA_KEYS.rowCount]} and ${metadata.num_rows}`,
    );
  return { site, rows, groups, ...period };
}

/** null: it names neither a day nor a month, or both. */
function aboutOf(about: z.output<typeof fileMetadataSchema>): FileAbout | null {
  const { [METADATA_KEYS.day]: dayName, [METADATA_KEYS.source]: source } = about;
  const { [METADATA_KEYS.month]: monthName, [METADATA_KEYS.days]: days } = about;
  const day = dayName === undefined ? null : parseDay(dayName);
  const month = monthName === undefined ? null : parseMonth(monthName);
  if (day !== null && source !== undefined && monthName === undefined) return { day, source };
  if (month === null || days === undefined || dayName !== undefined) return null;
  const { first, end } = monthDays(month);
  return days.length === end - first ? { month, days } : null;
}

function describeGroup({ columns, num_rows }: RowGroup, crc: number, maxRows: number): FooterGroups[number] {
  const chunks = columns.map(({ meta_data: chunk }, i) => {
    if (chunk === undefined || chunk.path_in_schema.join(".") !== COLUMNS[i]) throw new Error("footer: other columns");
    if (chunk.codec !== "ZSTD" || chunk.num_values !== num_rows)
      throw new Error("footer: a column chunk has another codec or row count than its row group");
    const offset = Number(chunk.dictionary_page_offset ?? chunk.data_page_offset);
    return { offset, bytes: Number(chunk.total_compressed_size), statistics: chunk.statistics };
  });
  const [time, name, value] = chunks;
  if (time === undefined || name === undefined || value === undefined) throw new Error("footer: too few columns");
  if (name.offset !== time.offset + time.bytes || value.offset !== name.offset + name.bytes) {
    throw new Error("footer: column chunks are not adjacent");
  }
  const { min_value: minName, max_value: maxName } = name.statistics ?? {};
  if (typeof minName !== "string" || typeof maxName !== "string")
    throw new Error("footer: a row group without name statistics");
  if (
    ![time, name, value].every(
      ({ offset, bytes }) => Number.isSafeInteger(offset) && bytes > 0 && bytes <= MAX_EXTENT_BYTES,
    )
  ) {
    throw new Error("footer: a column chunk has no plausible size");
  }
  if (!(num_rows > 0 && num_rows <= maxRows))
    throw new Error(`footer: a row group of ${num_rows} rows, at most ${maxRows} expected`);
  const sizes = { offset: time.offset, timeBytes: time.bytes, nameBytes: name.bytes, valueBytes: value.bytes };
  return { group: { ...sizes, rows: Number(num_rows), crc32: crc }, minName, maxName };
}

/**
 * Selects the row groups that may hold points, by the footer's name statistics. A point in none of them has no samples.
 */
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
