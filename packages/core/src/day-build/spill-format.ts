import { crc32 } from "node:zlib";
import { z } from "zod";
import { HOUR_MS } from "../domain/hour.ts";
import { REJECTION_REASONS, type RejectionCounts } from "../domain/rejection.ts";
import type { Series } from "../domain/samples.ts";
import type { SortedHour } from "./sorted-hour.ts";
import { readZstdFrame, zstdFrame } from "../bytes/zstd-frame.ts";

/**
 * A spill: one hour's samples of a site, sorted, between fetching and merging. Little-endian:
 * - Blocks of whole points, each one zstd frame of `[values: float64][steps: uint32]`. A point's first step is its
 * offset in the hour; each other step is the milliseconds since the sample before.
 * - An index: zstd of JSON.
 * - A trailer of 16 bytes: magic, bytes of the index, its size before compression, its CRC-32.
 * The index is last, so that one request for the end of a small spill returns all of it.
 */
const SPILL_VERSION = 1;
const MAGIC = 0x31535642; // "BVS1"
export const TRAILER_BYTES = 16;

/** Rows per block, unless a single point has more. 200 KB before compression; a merge holds 24 blocks. */
export const BLOCK_ROWS = 16_384;
const ROW_BYTES = 12;

/** Half a million points. A larger index is not decompressed. */
const MAX_INDEX_BYTES = 8 * 1024 * 1024;
const MAX_POINT_ID = 2 ** 20 - 1;

/** Counts of the source of an hour. */
export interface HourSource {
  /** rows that the upstream served; 0 if the hot level is the source */
  readonly records: number;
  /** rejected rows */
  readonly rejected: RejectionCounts;
}

export interface SpillBlock {
  /** offset of the block in the object, bytes */
  readonly offset: number;
  readonly bytes: number;
  readonly crc32: number;
  readonly pointIds: Int32Array;
  readonly rows: Int32Array;
}

export interface SpillIndex extends HourSource {
  /** start of the hour, epoch ms */
  readonly hour: number;
  /** checksum of its points' names: point-order.ts */
  readonly names: number;
  readonly blocks: readonly SpillBlock[];
}

const count = z.int().nonnegative();
const pointId = z.int().min(0).max(MAX_POINT_ID);
/** per point and hour: at most one row per millisecond */
const pointRows = z.int().min(1).max(HOUR_MS);
const indexSchema = z.object({
  version: z.literal(SPILL_VERSION),
  hour: z.int(),
  names: count,
  records: count,
  rejected: z.partialRecord(z.enum(REJECTION_REASONS), count),
  /** [bytes, CRC-32, point ids, rows] of each block */
  blocks: z.array(
    z
      .tuple([count, count, z.array(pointId), z.array(pointRows)])
      .refine(([, , ids, rows]) => ids.length > 0 && ids.length === rows.length, "a block whose points lack rows"),
  ),
});

/** @param hour start of the hour, epoch ms */
export function encodeSpill(hour: number, sorted: SortedHour, source: HourSource): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const blocks: z.input<typeof indexSchema>["blocks"] = [];
  let firstRow = 0;
  for (let point = 0; point < sorted.pointIds.length;) {
    let end = point;
    let rows = 0;
    do rows += sorted.rows[end++]!;
    while (end < sorted.pointIds.length && rows + sorted.rows[end]! <= BLOCK_ROWS);
    const bytes = encodeBlock(hour, sorted, point, end, firstRow, rows);
    parts.push(bytes);
    const [ids, ownRows] = [sorted.pointIds.subarray(point, end), sorted.rows.subarray(point, end)];
    blocks.push([bytes.length, crc32(bytes), [...ids], [...ownRows]]);
    firstRow += rows;
    point = end;
  }
  const { records, rejected } = source;
  const index = new TextEncoder().encode(
    JSON.stringify({ version: SPILL_VERSION, hour, names: sorted.names, records, rejected, blocks }),
  );
  const packed = zstdFrame(index);
  const trailer = new DataView(new ArrayBuffer(TRAILER_BYTES));
  [MAGIC, packed.length, index.length, crc32(packed)].forEach((word, i) => trailer.setUint32(i * 4, word, true));
  return concat([...parts, packed, new Uint8Array(trailer.buffer)]);
}

function encodeBlock(hour: number, sorted: SortedHour, point: number, end: number, firstRow: number, rows: number) {
  const block = new Uint8Array(rows * ROW_BYTES);
  new Float64Array(block.buffer, 0, rows).set(sorted.values.subarray(firstRow, firstRow + rows));
  const steps = new Uint32Array(block.buffer, rows * 8, rows);
  let row = 0;
  for (let i = point; i < end; i++) {
    let before = hour;
    for (let n = 0; n < sorted.rows[i]!; n++, row++) {
      const time = sorted.times[firstRow + row]!;
      steps[row] = time - before;
      before = time;
    }
  }
  return zstdFrame(block);
}

/**
 * The position of a spill's index.
 * @param trailer the last {@link TRAILER_BYTES} of the object
 * @throws {Error} if it is not a spill's trailer
 */
export function parseTrailer(trailer: Uint8Array): { bytes: number; size: number; crc: number } {
  const view = new DataView(trailer.buffer, trailer.byteOffset, trailer.byteLength);
  if (view.byteLength !== TRAILER_BYTES || view.getUint32(0, true) !== MAGIC)
    throw new Error("not a spill: magic number not found");
  return { bytes: view.getUint32(4, true), size: view.getUint32(8, true), crc: view.getUint32(12, true) };
}

/** @throws {Error} if the index is damaged */
export function parseIndex(packed: Uint8Array, { size, crc }: { size: number; crc: number }): SpillIndex {
  if (crc32(packed) !== crc) throw new Error("the CRC-32 of the index does not match");
  if (size > MAX_INDEX_BYTES) throw new Error(`an index of ${size} bytes`);
  const text = new TextDecoder().decode(readZstdFrame(packed, size));
  const { hour, names, records, rejected, blocks } = indexSchema.parse(JSON.parse(text));
  let offset = 0;
  return {
    hour,
    names,
    records,
    rejected,
    blocks: blocks.map(([bytes, crcOfBlock, ids, rows]) => {
      const block = { offset, bytes, crc32: crcOfBlock, pointIds: Int32Array.from(ids), rows: Int32Array.from(rows) };
      offset += bytes;
      return block;
    }),
  };
}

/** The rows of a block, point after point. */
export interface BlockRows {
  readonly values: Float64Array;
  readonly steps: Uint32Array;
  /** the buffer of both views */
  readonly content: Uint8Array<ArrayBuffer>;
}

/** @throws {Error} if the block is damaged */
export function openBlock(block: SpillBlock, bytes: Uint8Array): BlockRows {
  if (crc32(bytes) !== block.crc32) throw new Error("the CRC-32 of a block does not match");
  const rows = block.rows.reduce((sum, rowsOfPoint) => sum + rowsOfPoint, 0);
  if (rows > BLOCK_ROWS && block.rows.length > 1) throw new Error(`a block of ${rows} rows`);
  const content = readZstdFrame(bytes, rows * ROW_BYTES);
  const { buffer, byteOffset } = content;
  const values = new Float64Array(buffer, byteOffset, rows);
  return { values, steps: new Uint32Array(buffer, byteOffset + rows * 8, rows), content };
}

/**
 * Copies the samples of one point, rows [from, to) of its block.
 * @param into the target, from row `at` on
 * @throws {Error} if the samples are invalid
 */
export function copyPoint(hour: number, block: BlockRows, from: number, to: number, into: Series, at: number): void {
  let time = hour;
  for (let row = from; row < to; row++, at++) {
    const step = block.steps[row]!;
    const value = block.values[row]!;
    if (row > from && step === 0) throw new Error("a point has two samples at one time");
    if (!Number.isFinite(value)) throw new Error("a value is not finite");
    into.times[at] = time += step;
    into.values[at] = value;
  }
  if (time >= hour + HOUR_MS) throw new Error("a time is outside of the hour");
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
