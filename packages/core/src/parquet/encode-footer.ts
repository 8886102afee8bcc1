import { crc32 } from "node:zlib";
import type { RowGroup } from "hyparquet";
import { ByteWriter } from "hyparquet-writer/src/bytewriter.js";
import { writeMetadata } from "hyparquet-writer/src/metadata.js";
import { dayText } from "../domain/day.ts";
import { monthText } from "../domain/month.ts";
import {
  CREATED_BY,
  dayFileSchema,
  type FileAbout,
  FOOTER_SEAL,
  FOOTER_SEAL_BYTES,
  FORMAT_VERSION,
  METADATA_KEYS,
  PARQUET_MAGIC,
} from "./file-schema.ts";

/** A row group's entry of the footer. */
export interface FooterGroup {
  readonly rowGroup: RowGroup;
  /** of the row group's first three column chunks, unsigned */
  readonly crc32: number;
}

/** Encodes the end of a file, which follows its row groups: the seal and the footer. */
export function encodeFooter(site: string, about: FileAbout, groups: readonly FooterGroup[]): Uint8Array {
  const writer = new ByteWriter();
  const rows = groups.reduce((sum, { rowGroup }) => sum + rowGroup.num_rows, 0n);
  const metadata = {
    version: 2,
    created_by: CREATED_BY,
    schema: dayFileSchema(),
    num_rows: rows,
    row_groups: groups.map(({ rowGroup }) => rowGroup),
    // only set in a footer that was read
    metadata_length: 0,
    key_value_metadata: [
      { key: METADATA_KEYS.formatVersion, value: String(FORMAT_VERSION) },
      { key: METADATA_KEYS.site, value: site },
      ...periodEntries(about),
      { key: METADATA_KEYS.rowCount, value: String(rows) },
      {
        key: METADATA_KEYS.rowGroupCrc32,
        value: groups.map((group) => group.crc32.toString(16).padStart(8, "0")).join(""),
      },
    ],
  };
  // The default limit of 16 bytes truncates names before they differ, so that readers could skip no row group.
  writeMetadata(writer, metadata, Number.POSITIVE_INFINITY);
  writer.appendUint32(PARQUET_MAGIC);
  const footer = writer.getBytes();
  const sealed = new Uint8Array(FOOTER_SEAL_BYTES + footer.length);
  const view = new DataView(sealed.buffer);
  view.setUint32(0, FOOTER_SEAL, true);
  view.setUint32(4, crc32(footer), true);
  sealed.set(footer, FOOTER_SEAL_BYTES);
  return sealed;
}

function periodEntries(about: FileAbout): { key: string; value: string }[] {
  if (about.month === undefined) {
    return [
      { key: METADATA_KEYS.day, value: dayText(about.day) },
      { key: METADATA_KEYS.source, value: about.source },
    ];
  }
  return [
    { key: METADATA_KEYS.month, value: monthText(about.month) },
    { key: METADATA_KEYS.days, value: JSON.stringify(about.days) },
  ];
}
