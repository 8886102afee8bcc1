import { crc32 } from "node:zlib";
import type { Statistics } from "hyparquet";
import { ByteWriter } from "hyparquet-writer/src/bytewriter.js";
import type { Series } from "../domain/samples.ts";
import { type ChunkPages, type DataPage, dataPage, freePage, writeColumnChunk } from "./column-chunk-writer.ts";
import { type FileAbout, PARQUET_MAGIC } from "./file-schema.ts";
import { encodeFooter, type FooterGroup } from "./encode-footer.ts";
import type { RowGroupExtent } from "./locator.ts";
import { runsOfIndexes } from "./rle.ts";
import { encodeDayTimes, encodeMonthTimes } from "./time-encoding.ts";
import { encodeValues } from "./value-encoding.ts";

export interface NamedSeries {
  readonly name: string;
  readonly series: Series;
}

/** Encodes a day or month file, one row group at a time. It keeps only a row group's entry of the footer. */
export class RowGroupWriter {
  readonly #site: string;
  readonly #about: FileAbout;
  readonly #bytes = new ByteWriter();
  readonly #groups: FooterGroup[] = [];

  constructor(site: string, about: FileAbout) {
    this.#site = site;
    this.#about = about;
    this.#bytes.appendUint32(PARQUET_MAGIC);
  }

  /**
   * Encodes one row group.
   * @param points ascending by name, none empty
   * @returns each point's extent, and the file's next bytes, valid until the next call
   */
  encodeGroup(points: readonly NamedSeries[]): { extents: RowGroupExtent[]; bytes: Uint8Array } {
    // The first group is written together with the file's four leading bytes.
    if (this.#groups.length > 0) this.#bytes.index = 0;
    const lead = this.#bytes.index;
    const offset = this.#bytes.offset;
    const names = points.map(({ name }) => name);
    const runs = points.map(({ series }) => series.times.length);
    const rows = runs.reduce((sum, run) => sum + run, 0);
    const chunk = (name: string, type: "INT64" | "DOUBLE" | "BYTE_ARRAY", pages: ChunkPages) => {
      const written = writeColumnChunk(this.#bytes, { name, type }, pages);
      pages.data.forEach(freePage);
      return written;
    };
    const encodeTimes = this.#about.month === undefined ? encodeDayTimes : encodeMonthTimes;
    const times = encodeTimes(points.map(({ series }) => series.times));
    const columns = [
      chunk("timestamp", "INT64", { dictionary: null, data: [times] }),
      chunk("point_name", "BYTE_ARRAY", textPages(names, runs)),
      chunk("value", "DOUBLE", encodeValues(points.map(({ series }) => series.values))),
      chunk("site_name", "BYTE_ARRAY", textPages([this.#site], [rows])),
    ] as const;
    const [time, name, value] = columns;
    // Points are ordered by name, so the first and the last one give the statistics.
    time.chunk.meta_data!.statistics = timeStatistics(points);
    name.chunk.meta_data!.statistics = { null_count: 0n, min_value: names[0]!, max_value: names.at(-1)! };
    const timeBytes = time.pageEnds.at(-1)! - offset;
    const nameBytes = name.pageEnds.at(-1)! - offset - timeBytes;
    const bytes = this.#bytes.getBytes();
    const extents: RowGroupExtent[] = [];
    let [at, crc] = [offset, 0];
    for (const end of value.pageEnds) {
      crc = crc32(bytes.subarray(lead + at - offset, lead + end - offset), crc);
      extents.push({
        offset,
        timeBytes,
        nameBytes,
        valueBytes: end - offset - timeBytes - nameBytes,
        rows,
        crc32: crc,
      });
      at = end;
    }
    const rowGroup = {
      columns: columns.map((column) => column.chunk),
      total_byte_size: columns.reduce((sum, column) => sum + column.chunk.meta_data!.total_uncompressed_size, 0n),
      num_rows: BigInt(rows),
      total_compressed_size: BigInt(bytes.length - lead),
    };
    this.#groups.push({ rowGroup, crc32: crc });
    return { extents, bytes };
  }

  /** Encodes the rest of the file: the seal and the footer. */
  encodeFooter(): Uint8Array {
    return encodeFooter(this.#site, this.#about, this.#groups);
  }
}

function timeStatistics(points: readonly NamedSeries[]): Statistics {
  const first = Math.min(...points.map(({ series }) => series.times[0]!));
  const last = Math.max(...points.map(({ series }) => series.times.at(-1)!));
  return { null_count: 0n, min_value: BigInt(first), max_value: BigInt(last) };
}

/** Pages of texts that each fill one run of rows. */
function textPages(texts: readonly string[], runs: readonly number[]): ChunkPages {
  const writer = new ByteWriter();
  for (const text of texts) {
    const bytes = new TextEncoder().encode(text);
    writer.appendUint32(bytes.length);
    writer.appendBytes(bytes);
  }
  const rows = runs.reduce((sum, run) => sum + run, 0);
  const data: DataPage = dataPage("RLE_DICTIONARY", rows, runsOfIndexes(runs));
  return { dictionary: { values: texts.length, bytes: writer.getBytes() }, data: [data] };
}
