import type { SchemaElement } from "hyparquet";
import { z } from "zod";

/**
 * The layout of a day file; raise it with any change of the bytes that the writer makes. A file of another version is
 * not read. docs/storage-format.md describes the layout.
 */
export const FORMAT_VERSION = 2;

/** "PAR1", little-endian: what a Parquet file begins and ends with. */
export const PARQUET_MAGIC = 0x31524150;

export const CREATED_BY = `building-vitals version ${FORMAT_VERSION} (build hyparquet-writer)`;

/**
 * Points whose rows share a row group, and so its times: a read of one point fetches those, and the values of the points
 * before it. docs/decisions/0006-day-file-pages.md has the figures.
 */
export const POINTS_A_GROUP = 12;

/** A row group is closed early before it grows beyond this many rows, so that a point with many has its own. */
export const MAX_GROUP_ROWS = 131_072;

/**
 * The most rows of one point: a row group is encoded in memory, at up to 200 bytes a row. Nearly three samples a second
 * all day; no source of ours comes near.
 */
export const MAX_POINT_ROWS = 250_000;

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

/** Where a file's samples came from: the upstream API (a backfill) or the hot level (the archiver). */
export const DAY_FILE_SOURCES = ["api", "d1"] as const;
export type DayFileSource = (typeof DAY_FILE_SOURCES)[number];

/** The keys of the file's key-value metadata, all values texts. */
export const METADATA_KEYS = {
  formatVersion: "building_vitals.format_version",
  site: "building_vitals.site",
  /** YYYY-MM-DD, UTC */
  day: "building_vitals.day",
  source: "building_vitals.source",
  rowCount: "building_vitals.row_count",
  /** of each row group, the CRC-32 of its first three column chunks: 8 hexadecimal digits each, without separators */
  rowGroupCrc32: "building_vitals.row_group_crc32",
} as const;

const count = z
  .string()
  .regex(/^(0|[1-9]\d{0,14})$/)
  .transform(Number);

export const dayFileMetadataSchema = z.object({
  [METADATA_KEYS.formatVersion]: count,
  [METADATA_KEYS.site]: z.string(),
  [METADATA_KEYS.day]: z.string(),
  [METADATA_KEYS.source]: z.enum(DAY_FILE_SOURCES),
  [METADATA_KEYS.rowCount]: count,
  [METADATA_KEYS.rowGroupCrc32]: z.string().regex(/^([0-9a-f]{8})*$/),
});

/**
 * Eight bytes right before the footer's Parquet metadata: these four, and the CRC-32 (little-endian) of all that
 * follows up to the end of the file. Parquet readers never look there; ours trusts no footer without it.
 */
export const FOOTER_SEAL = 0x31435642; // "BVC1"
export const FOOTER_SEAL_BYTES = 8;
