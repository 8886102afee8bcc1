/**
 * Randomness as a pure function of its arguments. It has no state, so a day's values do not depend on the requested
 * window.
 */

/** Mixes two integers (taken modulo 2^32) to an integer in [0, 2^32). */
export function hash32(a: number, b: number): number {
  let h = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul((b + 0x7f4a7c15) | 0, 0xc2b2ae35);
  h ^= h >>> 16;
  h = Math.imul(h, 0x7feb352d);
  h ^= h >>> 15;
  h = Math.imul(h, 0x846ca68b);
  h ^= h >>> 16;
  return h >>> 0;
}

/** A number in [0, 1) for a pair of integers. */
export function unitHash(a: number, b: number): number {
  return hash32(a, b) / 2 ** 32;
}

/** A seed for a name under a seed. */
export function seedFor(seed: number, name: string): number {
  let h = seed | 0;
  for (let i = 0; i < name.length; i++) h = hash32(h, name.charCodeAt(i));
  return h;
}

/** Noise in [-1, 1] without jumps: random at every multiple of `periodMs`, smooth in between. */
export function smoothNoise(seed: number, timeMs: number, periodMs: number): number {
  const x = timeMs / periodMs;
  const cell = Math.floor(x);
  const t = x - cell;
  const from = unitHash(seed, cell);
  const to = unitHash(seed, cell + 1);
  return 2 * (from + (to - from) * t * t * (3 - 2 * t)) - 1;
}

/** A number in [0, 1) that stays for `periodMs`, then jumps. */
export function steppedNoise(seed: number, timeMs: number, periodMs: number): number {
  return unitHash(seed, Math.floor(timeMs / periodMs));
}
