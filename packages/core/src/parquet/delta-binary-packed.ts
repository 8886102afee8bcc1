import { ByteWriter } from "hyparquet-writer/src/bytewriter.js";
import { freeBytes } from "../bytes/free-bytes.ts";

/** The only layout that we write: blocks of 128 differences, each of 4 miniblocks. */
const BLOCK = 128;
const MINIBLOCKS = 4;
const MINIBLOCK = BLOCK / MINIBLOCKS;

/**
 * Bits of the largest difference within a month, in milliseconds: from one point's end to the next one's start, either
 * way.
 */
const MAX_WIDTH = 33;

/** Bits that are packed at once. With up to seven pending bits they fit the 32 bits of bitwise operations. */
const LOW_BITS = 24;

/** Largest time accepted, in ms. A block of differences added to it still fits a double's integers. */
const MAX_TIME = 2 ** 52;

/**
 * Encodes the times of points one after another as a DELTA_BINARY_PACKED page. It computes in doubles:
 * hyparquet-writer's BigInts are ten times slower, and its numbers have 32 bits.
 * @param points times of one month, epoch milliseconds
 * @param origin subtracted from the differences of each block whose smallest difference is at least that; such a block
 * uses whole bytes. Times that points share are then the same bytes for each, wherever blocks begin, so zstd finds
 * them. null: each block uses the fewest bits
 */
export function packDifferences(points: readonly Float64Array[], rows: number, origin: number | null): Uint8Array {
  const writer = new ByteWriter();
  // Roughly the size in whole bytes; a buffer that grows leaves its smaller copies as garbage.
  writer.ensure(2 * rows + BLOCK);
  writer.appendVarInt(BLOCK);
  writer.appendVarInt(MINIBLOCKS);
  writer.appendVarInt(rows);
  writer.appendZigZag(BigInt(points[0]![0]!));
  const differences = new Float64Array(BLOCK);
  const packed = new Uint8Array((BLOCK * MAX_WIDTH) / 8);
  let [before, used, isFirst] = [0, 0, true];
  for (const times of points) {
    for (const time of times) {
      if (!isFirst) differences[used++] = time - before;
      [before, isFirst] = [time, false];
      if (used < BLOCK) continue;
      packBlock(writer, differences, origin, packed);
      used = 0;
    }
  }
  if (used > 0) packBlock(writer, differences.subarray(0, used), origin, packed);
  const bytes = writer.getBytes().slice();
  freeBytes(new Uint8Array(writer.buffer));
  return bytes;
}

/** @param packed scratch for the block's miniblocks, as large as the largest block */
function packBlock(writer: ByteWriter, differences: Float64Array, origin: number | null, packed: Uint8Array): void {
  let [least, most] = [differences[0]!, differences[0]!];
  for (const difference of differences) {
    if (difference < least) least = difference;
    else if (difference > most) most = difference;
  }
  const widths = new Uint8Array(MINIBLOCKS);
  const isConstant = least === most;
  const isInBytes = origin !== null && least >= origin;
  if (isInBytes && !isConstant) least = origin;
  writer.appendZigZag(BigInt(least));
  if (isConstant) {
    writer.appendBytes(widths);
    return;
  }
  for (let row = 0; row < differences.length; row++) {
    const mini = Math.floor(row / MINIBLOCK);
    const bits = bitsFor(differences[row]! - least);
    widths[mini] = Math.max(widths[mini]!, isInBytes ? 8 * Math.ceil(bits / 8) : bits);
  }
  writer.appendBytes(widths);
  let [at, pending, bits] = [0, 0, 0];
  const put = (value: number, width: number) => {
    pending |= value << bits;
    for (bits += width; bits >= 8; bits -= 8) {
      packed[at++] = pending & 0xff;
      pending >>>= 8;
    }
  };
  for (const [mini, width] of widths.entries()) {
    if (width === 0) continue;
    for (let row = mini * MINIBLOCK; row < (mini + 1) * MINIBLOCK; row++) {
      // The last miniblock is padded with zeros.
      const excess = row < differences.length ? differences[row]! - least : 0;
      const high = Math.floor(excess / 2 ** LOW_BITS);
      put(excess - high * 2 ** LOW_BITS, Math.min(width, LOW_BITS));
      if (width > LOW_BITS) put(high, width - LOW_BITS);
    }
  }
  writer.appendBytes(packed.subarray(0, at));
}

function bitsFor(value: number): number {
  const high = Math.floor(value / 2 ** LOW_BITS);
  return high === 0 ? 32 - Math.clz32(value) : LOW_BITS + 32 - Math.clz32(high);
}

/**
 * Decodes the first `needed` times of a DELTA_BINARY_PACKED page, epoch milliseconds. It computes in doubles:
 * hyparquet's BigInts are ten times slower, and hyparquet accepts any layout that a page claims.
 * @param rows the row count that the page must state
 * @throws {Error} if the writer cannot have made the page
 */
export function unpackDifferences(bytes: Uint8Array, rows: number, needed: number): Float64Array {
  let at = 0;
  const byteAt = (index: number): number => {
    const byte = bytes[index];
    if (byte === undefined) throw new Error("differences: the page ends early");
    return byte;
  };
  const varint = (): number => {
    let [value, weight] = [0, 1];
    for (let n = 0; n < 8; n++, weight *= 128) {
      const byte = byteAt(at++);
      value += (byte & 0x7f) * weight;
      if (byte < 0x80) return value;
    }
    throw new Error("differences: a number without an end");
  };
  const zigzag = (): number => {
    const value = varint();
    if (value > Number.MAX_SAFE_INTEGER) throw new Error("differences: a number beyond 2^53");
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  };
  const layout = [varint(), varint(), varint()];
  if (layout[0] !== BLOCK || layout[1] !== MINIBLOCKS || layout[2] !== rows) {
    throw new Error(
      `differences: blocks, miniblocks, rows are ${layout.join()}, expected ${BLOCK},${MINIBLOCKS},${rows}`,
    );
  }
  const times = new Float64Array(needed);
  let time = zigzag();
  if (Math.abs(time) > MAX_TIME) throw new Error(`differences: the first time is ${time}`);
  if (needed > 0) times[0] = time;
  for (let row = 1; row < needed;) {
    if (Math.abs(time) > MAX_TIME) throw new Error(`differences: a time is ${time}`);
    const least = zigzag();
    if (Math.abs(least) > 2 ** 32) throw new Error(`differences: the least of a block is ${least}`);
    const widths = at;
    at += MINIBLOCKS;
    for (let mini = 0; mini < MINIBLOCKS && row < needed; mini++) {
      const width = byteAt(widths + mini);
      if (width > MAX_WIDTH) throw new Error(`differences: ${width} bits, at most ${MAX_WIDTH} expected`);
      let bit = at * 8;
      at += (MINIBLOCK * width) / 8;
      if (at > bytes.length) throw new Error("differences: the page ends early");
      for (let i = 0; i < MINIBLOCK && row < needed; i++) {
        let [excess, weight] = [0, 1];
        for (let left = width; left > 0;) {
          const take = Math.min(8 - (bit & 7), left);
          excess += ((bytes[bit >>> 3]! >>> (bit & 7)) & ((1 << take) - 1)) * weight;
          weight *= 1 << take;
          bit += take;
          left -= take;
        }
        time += least + excess;
        times[row++] = time;
      }
    }
  }
  return times;
}
