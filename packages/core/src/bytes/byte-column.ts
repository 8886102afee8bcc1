/** Header of a column that is not stored because a rule computes its values. */
const LEFT_OUT = 0xff;

/** Bytes that are read or written in sequence. */
export interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
}

/**
 * Writes `count` values of `width` bytes, big-endian, as one column:
 *
 * - a header of one byte, `shared << 4 | own`;
 * - the `shared` leading bytes that all values have in common;
 * - of each value the `own` bytes behind them. Trailing bytes that are zero in all values are left out.
 *
 * @param values one after the other, at least one
 */
export function writeColumn(cursor: Cursor, values: Uint8Array, width: number, count: number): void {
  let shared = width;
  let end = 0;
  for (let i = 0; i < count; i++) {
    const start = i * width;
    let same = 0;
    while (same < shared && values[start + same] === values[same]) same++;
    shared = same;
    let used = width;
    while (used > end && values[start + used - 1] === 0) used--;
    end = used;
  }
  shared = Math.min(shared, end);
  const { bytes } = cursor;
  bytes[cursor.at++] = (shared << 4) | (end - shared);
  for (let b = 0; b < shared; b++) bytes[cursor.at++] = values[b]!;
  for (let i = 0; i < count; i++) {
    for (let b = shared; b < end; b++) bytes[cursor.at++] = values[i * width + b]!;
  }
}

/** Writes a column whose values a rule computes. */
export function leaveOutColumn(cursor: Cursor): void {
  cursor.bytes[cursor.at++] = LEFT_OUT;
}

/** Scratch to convert bytes to a double. Little-endian, like all machines that run this. */
const double = new Float64Array(1);
const bytesOfDouble = new Uint8Array(double.buffer);

/**
 * The inverse of {@link writeColumn}.
 * @param into room for `count` values @param width 8: doubles; less: unsigned integers
 * @returns "stored"; "left out": `into` is unchanged; "damaged": the bytes are no column of this width
 */
export function readColumn(
  cursor: Cursor,
  into: Float64Array,
  width: number,
  count: number,
): "stored" | "left out" | "damaged" {
  const { bytes } = cursor;
  if (cursor.at >= bytes.length) return "damaged";
  const header = bytes[cursor.at++]!;
  if (header === LEFT_OUT) return "left out";
  const shared = header >> 4;
  const end = shared + (header & 15);
  if (end > width || cursor.at + shared + (end - shared) * count > bytes.length) return "damaged";
  let { at } = cursor;
  if (width === bytesOfDouble.length) {
    bytesOfDouble.fill(0);
    for (let b = 0; b < shared; b++) bytesOfDouble[7 - b] = bytes[at++]!;
    for (let i = 0; i < count; i++) {
      for (let b = shared; b < end; b++) bytesOfDouble[7 - b] = bytes[at++]!;
      into[i] = double[0]!;
    }
  } else {
    const zeros = 256 ** (width - end);
    let front = 0;
    for (let b = 0; b < shared; b++) front = front * 256 + bytes[at++]!;
    for (let i = 0; i < count; i++) {
      let value = front;
      for (let b = shared; b < end; b++) value = value * 256 + bytes[at++]!;
      into[i] = value * zeros;
    }
  }
  cursor.at = at;
  return "stored";
}
