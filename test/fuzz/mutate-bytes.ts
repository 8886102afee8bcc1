import type { Random } from "./random.ts";

const EXTREME_BYTES = [0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff] as const;

/** Varints and words at the ends of their ranges, and heads of Thrift lists that claim millions of elements. */
const EXTREMES: readonly [readonly number[], ...(readonly number[])[]] = [
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
  [0x80, 0x80, 0x80, 0x80, 0x08],
  [0xfe, 0xff, 0xff, 0xff, 0x0f],
  [0x00, 0x00, 0x00, 0x80],
  [0xff, 0xff, 0xff, 0x7f],
  [0xf9, 0xff, 0xff, 0xff, 0x07],
  [0xfc, 0x80, 0x80, 0x80, 0x0e],
  Array.from({ length: 300 }, () => 0x80),
  Array.from({ length: 3_000 }, () => 0x1c),
];

function splice(bytes: Uint8Array, at: number, cut: number, put: ArrayLike<number>): Uint8Array {
  const end = Math.min(bytes.length, at + cut);
  const out = new Uint8Array(bytes.length - (end - at) + put.length);
  out.set(bytes.subarray(0, at));
  out.set(put, at);
  out.set(bytes.subarray(end), at + put.length);
  return out;
}

/** One small change. @param other a valid input of the same kind, to splice from */
function mutateOnce(random: Random, bytes: Uint8Array, other: Uint8Array): Uint8Array {
  const at = random.below(bytes.length + 1);
  const length = random.chance(0.8) ? 1 + random.below(4) : random.below(64);
  switch (random.below(9)) {
    case 0:
    case 1: {
      const flipped = bytes.slice();
      if (flipped.length > 0) flipped[at % flipped.length]! ^= 1 << random.below(8);
      return flipped;
    }
    case 2:
      return splice(bytes, at, 1, [random.pick(EXTREME_BYTES)]);
    case 3:
      return splice(bytes, at, 1, [random.below(256)]);
    case 4:
      return splice(
        bytes,
        at,
        0,
        Array.from({ length }, () => random.below(256)),
      );
    case 5:
      return splice(bytes, at, length, []);
    case 6: {
      const from = random.below(other.length);
      return splice(bytes, at, random.chance(0.5) ? length : 0, other.subarray(from, from + length));
    }
    case 7: {
      const extreme = random.pick(EXTREMES);
      return splice(bytes, at, random.chance(0.5) ? extreme.length : 1, extreme);
    }
    default:
      return bytes.slice(0, at);
  }
}

/** One to four changes. */
export function mutateBytes(random: Random, bytes: Uint8Array, other: Uint8Array): Uint8Array {
  let mutated = mutateOnce(random, bytes, other);
  while (random.chance(0.4)) mutated = mutateOnce(random, mutated, other);
  return mutated;
}
