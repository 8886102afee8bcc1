const WIDTH = 8;

/**
 * Encodes doubles as Parquet's BYTE_STREAM_SPLIT: the first bytes of all values, then their second bytes, and so on.
 */
export function splitStreams(values: Float64Array): Uint8Array<ArrayBuffer> {
  const count = values.length;
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const split = new Uint8Array(bytes.length);
  for (let b = 0; b < WIDTH; b++) {
    const stream = split.subarray(b * count, (b + 1) * count);
    for (let i = 0, from = b; i < count; i++, from += WIDTH) stream[i] = bytes[from]!;
  }
  return split;
}

/**
 * The inverse of {@link splitStreams}.
 * @throws {RangeError} if `split` does not hold `count` values
 */
export function joinStreams(split: Uint8Array, count: number): ArrayBuffer {
  if (split.length !== count * WIDTH) throw new RangeError(`byte streams: ${split.length} bytes for ${count} values`);
  const bytes = new Uint8Array(split.length);
  for (let b = 0; b < WIDTH; b++) {
    const stream = split.subarray(b * count, (b + 1) * count);
    for (let i = 0, to = b; i < count; i++, to += WIDTH) bytes[to] = stream[i]!;
  }
  return bytes.buffer;
}
