import { hexBytes } from "../bytes/hex.ts";
import { type HourAggregates, StoredHoursError } from "./hour-aggregates.ts";
import { decodeCounts, decodeLocator, decodeSlice, HEAD_BYTES, overflows } from "./hour-slice.ts";
import { type Locator, StoredLocatorError } from "../parquet/locator.ts";

/** What is stored of a point's day, in `block_days` or in `point_months`, to be read when it is asked for. */
export interface StoredSlice {
  /** null: it is damaged, or there is none */
  readonly locator: Locator | null;
  /** whether the sum of some hour is infinite */
  readonly overflows: boolean;
  /** @throws {StoredHoursError} {@link StoredLocatorError} where it is damaged */
  readonly hours: HourAggregates;
  /** samples of each of the 24 hours. @throws as `hours` */
  readonly counts: readonly number[];
}

/** Hexadecimal digits of the bytes that tell whether a sum overflowed. */
const FLAGS_DIGITS = 4;

/**
 * A slice of `block_days.hours`. It stays text until it is asked for: charts of hours and days need few locators, or none, and the objects
 * of one statement's rows are three times its text, and would outlive V8's young generation.
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

/** A slice that is not known. */
export const DAMAGED_SLICE: StoredSlice = new BlockSlice("");

/** null where `read` finds stored aggregates or locators that are not what we write. */
export function unlessDamaged<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof StoredLocatorError || error instanceof StoredHoursError) return null;
    throw error;
  }
}
