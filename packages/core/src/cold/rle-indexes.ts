/** An unsigned LEB128 number, as Parquet's RLE/bit-packed hybrid begins its runs with. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  for (; value > 0x7f; value = Math.floor(value / 128)) bytes.push((value % 128) | 0x80);
  return [...bytes, value];
}

/** Bits that hold indexes up to this one. */
function bitsFor(highest: number): number {
  return 32 - Math.clz32(highest);
}

/**
 * The body of an RLE_DICTIONARY page in which each index stands in one run, 0 first.
 * @param runs rows of each
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
 * The body of an RLE_DICTIONARY page of any indexes, as one bit-packed run. Indexes of more than a bit take a whole byte
 * where they fit: Parquet lets a page be wider than it must, and zstd makes more of bytes than of bits across them.
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
