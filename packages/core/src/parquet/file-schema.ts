import type { SchemaElement } from "hyparquet";
import { z } from "zod";

/**
 * Version of the layout of day and month files. Raise it with any change of the bytes that the writer makes: readers
 * refuse files of another version. docs/storage-format.md describes the layout.
 */
export const FORMAT_VERSION = 2;

/** "PAR1", little-endian: the first and the last bytes of a Parquet file. */
export const PARQUET_MAGIC = 0x31524150;

export const CREATED_BY = `building-vitals version ${FORMAT_VERSION} (build hyparquet-writer)`;

/** Column order in a row group. A read of samples fetches the first three, which are adjacent. */
export const COLUMNS = ["timestamp", "point_name", "value", "site_name"] as const;

const required = { repetition_type: "REQUIRED" } as const;
const text = { ...required, type: "BYTE_ARRAY", converted_type: "UTF8", logical_type: { type: "STRING" } } as const;

export function dayFileSchema(): SchemaElement[] {
  return [
    { name: "samples", num_children: COLUMNS.length },
    {
      ...required,
      name: "timestamp",
      type: "INT64",
      converted_type: "TIMESTAMP_MILLIS",
      logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MILLIS" },
    },
    { ...text, name: "point_name" },
    { ...required, name: "value", type: "DOUBLE" },
    { ...text, name: "site_name" },
  ];
}

/** Where a day file's samples came from: "api", the upstream API, or "d1", the segments of the hot store. */
export const DAY_FILE_SOURCES = ["api", "d1"] as const;
export type DayFileSource = (typeof DAY_FILE_SOURCES)[number];

interface DayAbout {
  /** whole days since 1970-01-01, UTC */
  readonly day: number;
  readonly month?: undefined;
  readonly source: DayFileSource;
}

interface MonthAbout {
  /** whole months since January 1970, UTC */
  readonly month: number;
  readonly day?: undefined;
  /** by day of the month: ETag of the day file that its samples come from; null: the day had no file */
  readonly days: readonly (string | null)[];
}

/** The period and the sources of a file. */
export type FileAbout = DayAbout | MonthAbout;

/** Keys of the file's key-value metadata. All values are texts. */
export const METADATA_KEYS = {
  formatVersion: "building_vitals.format_version",
  site: "building_vitals.site",
  /** of a day file: YYYY-MM-DD, UTC */
  day: "building_vitals.day",
  /** of a day file */
  source: "building_vitals.source",
  /** of a month file: YYYY-MM, UTC */
  month: "building_vitals.month",
  /** of a month file: {@link MonthAbout.days} as JSON */
  days: "building_vitals.days",
  rowCount: "building_vitals.row_count",
  /** of each row group, the CRC-32 of its first three column chunks: 8 hexadecimal digits each, no separators */
  rowGroupCrc32: "building_vitals.row_group_crc32",
} as const;

const count = z
  .string()
  .regex(/^(0|[1-9]\d{0,14})$/)
  .transform(Number);

const etags = z.array(z.string().nullable());

export const fileMetadataSchema = z.object({
  [METADATA_KEYS.formatVersion]: count,
  [METADATA_KEYS.site]: z.string(),
  [METADATA_KEYS.rowCount]: count,
  [METADATA_KEYS.rowGroupCrc32]: z.string().regex(/^([0-9a-f]{8})*$/),
  [METADATA_KEYS.day]: z.string().optional(),
  [METADATA_KEYS.source]: z.enum(DAY_FILE_SOURCES).optional(),
  [METADATA_KEYS.month]: z.string().optional(),
  [METADATA_KEYS.days]: z
    .string()
    .transform((json) => etags.parse(JSON.parse(json)))
    .optional(),
});

/**
 * The seal: eight bytes before the footer's Parquet metadata, namely this constant and the CRC-32 (little-endian) of
 * all bytes behind it. Other Parquet readers skip it. Our reader refuses a footer without it.
 */
export const FOOTER_SEAL = 0x31435642; // "BVC1"
export const FOOTER_SEAL_BYTES = 8;
