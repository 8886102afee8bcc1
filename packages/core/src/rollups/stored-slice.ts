import { hexBytes } from "../bytes/hex.ts";
import { type HourAggregates, StoredHoursError } from "./hour-aggregates.ts";
import { decodeCounts, decodeLocator, decodeSlice, HEAD_BYTES, overflows } from "./hour-slice.ts";
import { type Locator, StoredLocatorError } from "../parquet/locator.ts";

/** The stored slice of a point's day, from `block_days` or `point_months`, decoded on demand. */
export interface StoredSlice {
  /** null: the slice is damaged, or has no locator */
  readonly locator: Locator | null;
  /** whether the sum of some hour is infinite */
  readonly overflows: boolean;
  /** @throws {StoredHoursError} {@link StoredLocatorError} if it is damaged */
  readonly hours: HourAggregates;
  /** samples of each of the 24 hours. @throws as `hours` */
  readonly counts: readonly number[];
}

/** Hexadecimal digits of the form and the flags. */
const FLAGS_DIGITS = 4;

/**
 * A slice of `block_days.hours`, kept as text until it is used. Charts of hours and days need few locators or none.
 * Decoded objects of one statement take three times the memory of its text, and would survive V8's young generation.
 */
export class BlockSlice implements StoredSlice {
  readonly #hex: string;

  /** @param hex the slice or its first {@link HEAD_BYTES}, hexadecimal; empty: it is damaged */
  constructor(hex: string) {
    this.#hex = hex;
  }

  get locator(): Locator | null {
    return unlessDamaged(() => decodeLocator(hexBytes(this.#hex.slice(0, 2 * HEAD_BYTES))));
  }

  get overflows(): boolean {
    return overflows(hexBytes(this.#hex.slice(0, FLAGS_DIGITS)));
  }

  get hours(): HourAggregates {
    return decodeSlice(hexBytes(this.#hex)).hours;
  }

  get counts(): readonly number[] {
    return decodeCounts(hexBytes(this.#hex));
  }
}

export const DAMAGED_SLICE: StoredSlice = new BlockSlice("");

/** Returns null if `read` finds damaged aggregates or locators. */
export function unlessDamaged<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof StoredLocatorError || error instanceof StoredHoursError) return null;
    throw error;
  }
}
