import type { SchemaElement } from "hyparquet";
import { z } from "zod";

/**
 * The layout of day files and month files; raise it with any change of the bytes that the writer makes. A file of another
 * version is not read. docs/storage-format.md describes the layout.
 */
export const FORMAT_VERSION = 2;

/** "PAR1", little-endian: what a Parquet file begins and ends with. */
export const PARQUET_MAGIC = 0x31524150;

export const CREATED_BY = `building-vitals version ${FORMAT_VERSION} (build hyparquet-writer)`;

/** The columns in the order of their chunks in a row group. A read of samples needs the first three, which touch. */
export const COLUMNS = ["timestamp", "point_name", "value", "site_name"] as const;

const required = { repetition_type: "REQUIRED" } as const;
const text = { ...required, type: "BYTE_ARRAY", converted_type: "UTF8", logical_type: { type: "STRING" } } as const;

/** The schema as the footer states it. */
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

/** Where a day file's samples came from: the upstream API (a backfill) or the hot level (the archiver). */
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
  /** by day of the month: etag of the day file that the samples are copied from; null: there was none */
  readonly days: readonly (string | null)[];
}

/** What a file is of, and made of. */
export type FileAbout = DayAbout | MonthAbout;

/** The keys of the file's key-value metadata, all values texts. */
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
  /** of each row group, the CRC-32 of its first three column chunks: 8 hexadecimal digits each, without separators */
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
 * Eight bytes right before the footer's Parquet metadata: these four, and the CRC-32 (little-endian) of all that
 * follows up to the end of the file. Parquet readers never look there; ours trusts no footer without it.
 */
export const FOOTER_SEAL = 0x31435642; // "BVC1"
export const FOOTER_SEAL_BYTES = 8;
