/** Rules of this version judge the falls of counters (`metadata.method`). They are applied to stored values at each read. */
export const COUNTER_METHOD = 1;

/**
 * What a fall of a counter means:
 * - `dip`: a small fall of a register of limited precision, netted by the rise that follows
 * - `rollover`: the register passed its highest value
 * - `reset`: it began again near zero; the use before the reset is unknown, so the use is a lower bound
 * - `swapped`: another meter, or an unknown event; the use is unknown, so it counts as zero, a lower bound
 */
export const FALLS = ["dip", "rollover", "reset", "swapped"] as const;
export type Fall = (typeof FALLS)[number];

/** Values at which registers begin again: of 16 and 32 bits, and of four to nine digits. */
const MODULI = [1e4, 2 ** 16, 1e5, 1e6, 1e7, 1e8, 1e9, 2 ** 32];

/** A fall to at least this share of the value before is a dip. */
const DIP_SHARE = 0.9;
/** A register begins again below this share of its modulus, or of the value before. */
const NEAR_ZERO = 0.1;
/** The use over a rollover may be this many times the largest known rise. */
const PLAUSIBLE_RISES = 10;

/** A step of a register between two neighbouring readings. */
export interface Step {
  /** in the register's unit; negative for a dip */
  readonly use: number;
  readonly fall: Fall | null;
}

/**
 * Judges a step of a counter. @param largestRise the largest known rise between two neighbouring readings; a rollover
 * is plausible only up to ten times of it
 */
export function stepOf(from: number, to: number, largestRise: number): Step {
  if (to >= from) return { use: to - from, fall: null };
  if (to >= DIP_SHARE * from) return { use: to - from, fall: "dip" };
  const modulus = MODULI.find((one) => from <= one && from > (1 - NEAR_ZERO) * one && to < NEAR_ZERO * one && to >= 0);
  if (modulus !== undefined) {
    const use = modulus - from + to;
    if (use <= PLAUSIBLE_RISES * largestRise) return { use, fall: "rollover" };
  }
  if (to >= 0 && to < NEAR_ZERO * from) return { use: to, fall: "reset" };
  return { use: 0, fall: "swapped" };
}
