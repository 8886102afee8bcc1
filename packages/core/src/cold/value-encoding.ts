import { zstdFrame } from "./zstd-frame.ts";

/** The Parquet encodings of a row group's values; the smallest of these after zstd is written. */
export const VALUE_ENCODINGS = ["PLAIN", "RLE_DICTIONARY", "BYTE_STREAM_SPLIT"] as const;
export type ValueEncoding = (typeof VALUE_ENCODINGS)[number];

/**
 * The encoding that makes these values smallest: rounded readings want a dictionary, single-precision noise wants its
 * bytes apart, setpoints and slow values want neither. Costs three compressions.
 */
export function chooseValueEncoding(values: Float64Array): ValueEncoding {
  const plain = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  let best: ValueEncoding = "PLAIN";
  let size = zstdFrame(plain).length;
  const split = zstdFrame(splitStreams(plain)).length;
  if (split < size) [best, size] = ["BYTE_STREAM_SPLIT", split];
  if ((dictionarySize(values) ?? size) < size) best = "RLE_DICTIONARY";
  return best;
}

function splitStreams(bytes: Uint8Array): Uint8Array {
  const count = bytes.length / 8;
  const split = new Uint8Array(bytes.length);
  for (let i = 0; i < count; i++) {
    for (let b = 0; b < 8; b++) split[b * count + i] = bytes[i * 8 + b]!;
  }
  return split;
}

/** Size in bytes of the two compressed pages, nearly; null where a dictionary would lose, or would lose values. */
function dictionarySize(values: Float64Array): number | null {
  const indexes = new Map<number, number>();
  const ranks = new Uint16Array(values.length);
  const limit = Math.min(values.length / 3, 0xffff);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    // A Map takes -0 for 0, and so would hyparquet-writer's dictionary.
    if (Object.is(value, -0)) return null;
    let rank = indexes.get(value);
    if (rank === undefined) {
      if (indexes.size >= limit) return null;
      indexes.set(value, (rank = indexes.size));
    }
    ranks[i] = rank;
  }
  const dictionary = Float64Array.from(indexes.keys());
  return zstdFrame(new Uint8Array(dictionary.buffer)).length + zstdFrame(packBits(ranks, indexes.size)).length;
}

/** The ranks in as many bits each as the largest needs. */
function packBits(ranks: Uint16Array, distinct: number): Uint8Array {
  const width = 32 - Math.clz32(distinct - 1);
  const packed = new Uint8Array(Math.ceil((ranks.length * width) / 8));
  let pending = 0;
  let bits = 0;
  let at = 0;
  for (const rank of ranks) {
    pending |= rank << bits;
    for (bits += width; bits >= 8; bits -= 8) {
      packed[at++] = pending & 0xff;
      pending >>>= 8;
    }
  }
  if (bits > 0) packed[at] = pending;
  return packed;
}
