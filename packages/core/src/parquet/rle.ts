/** Encodes an unsigned LEB128 number, the header of a run. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  for (; value > 0x7f; value = Math.floor(value / 128)) bytes.push((value % 128) | 0x80);
  return [...bytes, value];
}

/** The bits that an index of at most `highest` needs. */
function bitsFor(highest: number): number {
  return 32 - Math.clz32(highest);
}

/**
 * Encodes an RLE_DICTIONARY page in which each index has one run, in order from 0.
 * @param runs rows of each index
 */
export function runsOfIndexes(runs: readonly number[]): Uint8Array {
  const width = bitsFor(runs.length - 1);
  const bytes = [width];
  for (const [index, rows] of runs.entries()) {
    bytes.push(...varint(rows * 2));
    for (let bit = 0; bit < width; bit += 8) bytes.push((index >>> bit) & 0xff);
  }
  return Uint8Array.from(bytes);
}

/**
 * Encodes an RLE_DICTIONARY page of any indexes as one bit-packed run. Indexes of 2 to 8 bits take a whole byte:
 * Parquet allows a larger width, and zstd compresses bytes better than bits across bytes.
 */
export function packedIndexes(indexes: Uint32Array): Uint8Array {
  let highest = 0;
  for (const index of indexes) highest = Math.max(highest, index);
  const width = highest < 2 ? 1 : highest < 256 ? 8 : bitsFor(highest);
  const groups = Math.ceil(indexes.length / 8);
  const head = [width, ...varint(groups * 2 + 1)];
  const bytes = new Uint8Array(head.length + groups * width);
  bytes.set(head);
  let at = head.length;
  if (width === 8) {
    bytes.set(indexes, at);
    return bytes;
  }
  let pending = 0;
  let bits = 0;
  for (const index of indexes) {
    pending |= index << bits;
    for (bits += width; bits >= 8; bits -= 8) {
      bytes[at++] = pending & 0xff;
      pending >>>= 8;
    }
  }
  if (bits > 0) bytes[at] = pending;
  return bytes;
}

/** Wider than any dictionary of ours needs. */
const MAX_WIDTH = 24;

/** An index and its rows [from, to). */
type OnRun = (index: number, from: number, to: number) => void;

/**
 * Reads an RLE_DICTIONARY page of any runs. It replaces hyparquet's loop, which fills missing rows with zeros and
 * counts to 2^31 if a run claims that length.
 * @param distinct entries of the dictionary
 * @param onRun receives runs in order; bit-packed indexes row by row
 * @throws {Error} if the page is not exactly `count` indexes below `distinct`
 */
function scanIndexes(bytes: Uint8Array, count: number, distinct: number, onRun: OnRun): void {
  let at = 0;
  const next = (): number => {
    const byte = bytes[at++];
    if (byte === undefined) throw new Error("indexes: the page ends early");
    return byte;
  };
  const width = next();
  if (width > MAX_WIDTH) throw new Error(`indexes: ${width} bits, at most ${MAX_WIDTH} expected`);
  for (let row = 0; row < count;) {
    let [head, weight] = [0, 1];
    let byte: number;
    do {
      byte = next();
      head += (byte & 0x7f) * weight;
      weight *= 128;
    } while (byte >= 0x80 && weight < 2 ** 35);
    const length = Math.floor(head / 2);
    // The last bit-packed run is padded to eight indexes.
    const most = head % 2 === 1 ? Math.ceil((count - row) / 8) : count - row;
    if (byte >= 0x80 || length === 0 || length > most)
      throw new Error(`indexes: a run of ${length} in a page of ${count}`);
    if (head % 2 === 0) {
      let index = 0;
      for (let bit = 0; bit < width; bit += 8) index |= next() << bit;
      if (index >= distinct) throw new Error("indexes: one is beyond the dictionary");
      onRun(index, row, row + length);
      row += length;
      continue;
    }
    const end = at + length * width;
    if (end > bytes.length) throw new Error("indexes: the page ends early");
    const mask = (1 << width) - 1;
    let [pending, bits] = [0, 0];
    for (const last = Math.min(count, row + length * 8); row < last; row++) {
      for (; bits < width; bits += 8) pending |= bytes[at++]! << bits;
      const index = pending & mask;
      if (index >= distinct) throw new Error("indexes: one is beyond the dictionary");
      onRun(index, row, row + 1);
      pending >>>= width;
      bits -= width;
    }
    at = end;
  }
  if (at !== bytes.length) throw new Error("indexes: bytes behind the last one");
}

/**
 * The index of each row.
 * @throws {Error} if the page is not exactly `count` indexes below `distinct`
 */
export function readIndexes(bytes: Uint8Array, count: number, distinct: number): Uint32Array {
  const indexes = new Uint32Array(count);
  scanIndexes(bytes, count, distinct, (index, from, to) => {
    if (to === from + 1) indexes[from] = index;
    else indexes.fill(index, from, to);
  });
  return indexes;
}

/**
 * The first row of each index of a page in which each has one run, in order from 0.
 * @throws {Error} for any other page, and as {@link readIndexes}
 */
export function readRunStarts(bytes: Uint8Array, count: number, distinct: number): number[] {
  const starts: number[] = [];
  scanIndexes(bytes, count, distinct, (index, from) => {
    if (index === starts.length - 1) return;
    if (index !== starts.length) throw new Error(`indexes: row ${from} is out of order`);
    starts.push(from);
  });
  if (starts.length !== distinct) throw new Error("indexes: an entry of the dictionary has no rows");
  return starts;
}
