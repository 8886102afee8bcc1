import { crc32 } from "node:zlib";
import { ByteWriter } from "hyparquet-writer/src/bytewriter.js";
import { ParquetWriter } from "hyparquet-writer/src/parquet-writer.js";
import type { Series } from "../domain/samples.ts";
import {
  CREATED_BY,
  dayFileSchema,
  FOOTER_SEAL,
  FOOTER_SEAL_BYTES,
  METADATA_KEYS,
  physicalSchema,
} from "./day-file-schema.ts";
import { extentBytes, type RowGroupExtent } from "./locator.ts";
import { chooseValueEncoding } from "./value-encoding.ts";
import { zstdFrame } from "./zstd-frame.ts";

/** A point's samples, to be written. */
export interface NamedSeries {
  readonly name: string;
  readonly series: Series;
}

/** The bytes of a Parquet file, a row group at a time. Keeps of each group only what the footer says of it. */
export class RowGroupWriter {
  readonly #site: string;
  readonly #bytes = new ByteWriter();
  readonly #parquet: ParquetWriter;
  readonly #crcs: number[] = [];

  constructor(site: string) {
    this.#site = site;
    this.#parquet = new ParquetWriter({
      writer: this.#bytes,
      schema: physicalSchema(),
      codec: "ZSTD",
      compressors: { ZSTD: zstdFrame },
      statistics: false,
      // The default of 16 bytes ends before names begin to differ, and then nothing prunes.
      statisticsTruncateLength: Number.POSITIVE_INFINITY,
      createdBy: CREATED_BY,
    });
  }

  /**
   * Encodes one row group.
   * @param points in ascending order, none empty
   * @returns where it lies in the file, and the file's next bytes, valid until the next call
   */
  encodeGroup(points: readonly NamedSeries[]): { extent: RowGroupExtent; bytes: Uint8Array } {
    // The first group follows the four bytes that every Parquet file begins with, and goes out with them.
    if (this.#parquet.row_groups.length > 0) this.#bytes.index = 0;
    const lead = this.#bytes.index;
    const offset = this.#bytes.offset;
    const rows = points.reduce((sum, { series }) => sum + series.times.length, 0);
    const times = new BigInt64Array(rows);
    const words = new Int32Array(times.buffer);
    const names = Array.from<string>({ length: rows });
    const values = new Float64Array(rows);
    let row = 0;
    for (const { name, series } of points) {
      values.set(series.values, row);
      names.fill(name, row, row + series.times.length);
      for (const time of series.times) {
        // The int64's words: a BigInt for each sample would take a tenth of the whole time.
        const high = Math.floor(time / 2 ** 32);
        words[2 * row] = time - high * 2 ** 32;
        words[2 * row + 1] = high;
        row++;
      }
    }
    // A file is flushed in groups by us, so hyparquet-writer has one group and one page a chunk to make of this.
    void this.#parquet.write({
      rowGroupSize: rows,
      pageSize: 0,
      columnData: [
        { name: "timestamp", data: times, encoding: "DELTA_BINARY_PACKED" },
        { name: "point_name", data: names, encoding: "RLE_DICTIONARY" },
        { name: "value", data: values, encoding: chooseValueEncoding(values) },
        { name: "site_name", data: Array.from<string>({ length: rows }).fill(this.#site), encoding: "RLE_DICTIONARY" },
      ],
    });
    this.#describeGroup(points);
    const bytes = this.#bytes.getBytes();
    const { columns } = this.#parquet.row_groups.at(-1)!;
    const chunkBytes = (column: number) => Number(columns[column]!.meta_data!.total_compressed_size);
    const sizes = { offset, timeBytes: chunkBytes(0), nameBytes: chunkBytes(1), valueBytes: chunkBytes(2), rows };
    const crc = crc32(bytes.subarray(lead, lead + extentBytes({ ...sizes, crc32: 0 })));
    this.#crcs.push(crc);
    return { extent: { ...sizes, crc32: crc }, bytes };
  }

  /** Statistics of the last group. Its order tells them; hyparquet-writer would compare all rows, a third of the time. */
  #describeGroup(points: readonly NamedSeries[]): void {
    const [time, name] = this.#parquet.row_groups.at(-1)!.columns;
    const first = Math.min(...points.map(({ series }) => series.times[0]!));
    const last = Math.max(...points.map(({ series }) => series.times.at(-1)!));
    time!.meta_data!.statistics = { null_count: 0n, min_value: BigInt(first), max_value: BigInt(last) };
    const [minName, maxName] = [points[0]!.name, points.at(-1)!.name];
    name!.meta_data!.statistics = { null_count: 0n, min_value: minName, max_value: maxName };
  }

  /** The rest of the file: the seal and the footer. */
  encodeFooter(metadata: { day: string; source: string; formatVersion: number; rows: number }): Uint8Array {
    this.#bytes.index = 0;
    this.#parquet.schema = dayFileSchema();
    this.#parquet.kvMetadata = [
      { key: METADATA_KEYS.formatVersion, value: String(metadata.formatVersion) },
      { key: METADATA_KEYS.site, value: this.#site },
      { key: METADATA_KEYS.day, value: metadata.day },
      { key: METADATA_KEYS.source, value: metadata.source },
      { key: METADATA_KEYS.rowCount, value: String(metadata.rows) },
      { key: METADATA_KEYS.rowGroupCrc32, value: this.#crcs.map((crc) => crc.toString(16).padStart(8, "0")).join("") },
    ];
    void this.#parquet.finish();
    const footer = this.#bytes.getBytes();
    const sealed = new Uint8Array(FOOTER_SEAL_BYTES + footer.length);
    const view = new DataView(sealed.buffer);
    view.setUint32(0, FOOTER_SEAL, true);
    view.setUint32(4, crc32(footer), true);
    sealed.set(footer, FOOTER_SEAL_BYTES);
    return sealed;
  }
}
