import { ByteWriter } from "hyparquet-writer/src/bytewriter.js";
import { deltaBinaryPack } from "hyparquet-writer/src/delta.js";
import { type DataPage, dataPage } from "./column-chunk-writer.ts";

/**
 * Encodes the times of a row group, epoch milliseconds of one day. Points that are scraped together share their times:
 * as they are, zstd finds each point's again in the one before, which blocks of 128 differences hide from it. Times of an
 * even pace, or of each point's own, are smaller as differences. Not with their bytes apart, though that is smaller yet:
 * DuckDB reads BYTE_STREAM_SPLIT of floating point numbers only.
 */
export function encodeTimes(points: readonly Float64Array[]): DataPage {
  const rows = points.reduce((sum, times) => sum + times.length, 0);
  const origin = points[0]![0]!;
  const words = new Int32Array(2 * rows);
  const offsets = new Int32Array(rows);
  let row = 0;
  for (const times of points) {
    for (const time of times) {
      // The int64's words: a BigInt for each sample would take most of the time.
      const high = Math.floor(time / 2 ** 32);
      words[2 * row] = time - high * 2 ** 32;
      words[2 * row + 1] = high;
      offsets[row++] = time - origin;
    }
  }
  const plain = dataPage("PLAIN", rows, new Uint8Array(words.buffer));
  const packed = dataPage("DELTA_BINARY_PACKED", rows, packDifferences(origin, offsets));
  return packed.stored.length < plain.stored.length ? packed : plain;
}

/** Of a page that begins at 0: blocks of 128 values, 4 miniblocks each, the number of values, the first value. */
function headerOf(count: number, first: bigint): Uint8Array {
  const header = new ByteWriter();
  header.appendVarInt(128);
  header.appendVarInt(4);
  header.appendVarInt(count);
  header.appendZigZag(first);
  return header.getBytes();
}

/** hyparquet-writer packs 32-bit values in a tenth of the time; only the first value, in the header, says where from. */
function packDifferences(origin: number, offsets: Int32Array): Uint8Array {
  const writer = new ByteWriter();
  deltaBinaryPack(writer, offsets, "INT64");
  const blocks = writer.getBytes().subarray(headerOf(offsets.length, 0n).length);
  const header = headerOf(offsets.length, BigInt(origin));
  const bytes = new Uint8Array(header.length + blocks.length);
  bytes.set(header);
  bytes.set(blocks, header.length);
  return bytes;
}
