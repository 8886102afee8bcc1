import type { Cursor } from "../bytes/byte-column.ts";
import { MAX_VARINT_BYTES, readVarint, writeVarint } from "../bytes/varint.ts";

/**
 * The bytes of a row group that a read fetches: [offset, offset + timeBytes + nameBytes + valueBytes). They are the
 * adjacent chunks of timestamp, point_name and value; the value chunk may end early, with a point's page. An extent
 * that ends with the group's last point covers all three chunks.
 */
export interface RowGroupExtent {
  /** byte of the file at which the timestamp chunk begins */
  readonly offset: number;
  readonly timeBytes: number;
  readonly nameBytes: number;
  /** of the value chunk, up to the end of the last wanted point's page */
  readonly valueBytes: number;
  /** rows of the whole group */
  readonly rows: number;
  /** CRC-32 of those bytes, unsigned */
  readonly crc32: number;
}

/** Where a point's samples of a period lie: rows [firstRow, firstRow + rows) of one row group. */
export interface Locator {
  readonly group: RowGroupExtent;
  readonly firstRow: number;
  readonly rows: number;
}

/** Larger than any row group that we write. A larger extent is not read, because it would not fit a Worker's memory. */
export const MAX_EXTENT_BYTES = 32 * 1024 * 1024;

export function extentBytes(extent: Pick<RowGroupExtent, "timeBytes" | "nameBytes" | "valueBytes">): number {
  return extent.timeBytes + extent.nameBytes + extent.valueBytes;
}

/** A stored locator that our writer cannot have made. */
export class StoredLocatorError extends Error {
  override readonly name = "StoredLocatorError";
}

/** A locator as eight unsigned integers: `[offset, timeBytes, nameBytes, valueBytes, groupRows, crc32, firstRow, rows]`. */
export function locatorNumbers({ group, firstRow, rows }: Locator): number[] {
  const { offset, timeBytes, nameBytes, valueBytes, rows: groupRows, crc32 } = group;
  return [offset, timeBytes, nameBytes, valueBytes, groupRows, crc32, firstRow, rows];
}

/**
 * The inverse of {@link locatorNumbers}.
 * @param numbers eight unsigned integers
 * @throws {StoredLocatorError} for numbers that no locator has
 */
export function locatorOf(numbers: readonly number[]): Locator {
  const [offset, timeBytes, nameBytes, valueBytes, groupRows, crc32, firstRow, rows] = numbers;
  const group = {
    offset: offset!,
    timeBytes: timeBytes!,
    nameBytes: nameBytes!,
    valueBytes: valueBytes!,
    rows: groupRows!,
    crc32: crc32!,
  };
  const isEmpty = !(offset! > 0 && timeBytes! > 0 && nameBytes! > 0 && valueBytes! > 0 && groupRows! > 0 && rows! > 0);
  if (isEmpty || crc32! > 0xffff_ffff) throw new StoredLocatorError(`locator: ${numbers.join()} place no samples`);
  if (extentBytes(group) > MAX_EXTENT_BYTES) {
    throw new StoredLocatorError(`locator: ${extentBytes(group)} bytes, at most ${MAX_EXTENT_BYTES} expected`);
  }
  if (firstRow! + rows! > groupRows!)
    throw new StoredLocatorError(`locator: rows end beyond the ${groupRows} of the row group`);
  return { group, firstRow: firstRow!, rows: rows! };
}

const LOCATOR_NUMBERS = 8;

/** The most bytes of a locator. */
export const LOCATOR_BYTES = LOCATOR_NUMBERS * MAX_VARINT_BYTES;

/** Writes {@link locatorNumbers} as varints. */
export function writeLocator(cursor: Cursor, locator: Locator): void {
  for (const number of locatorNumbers(locator)) writeVarint(cursor, number);
}

/** The inverse of {@link writeLocator}. @throws {StoredLocatorError} */
export function readLocator(cursor: Cursor): Locator {
  const numbers: number[] = [];
  while (numbers.length < LOCATOR_NUMBERS) {
    const number = readVarint(cursor);
    if (number === null) throw new StoredLocatorError("locator: a number is no safe integer, or the bytes end early");
    numbers.push(number);
  }
  return locatorOf(numbers);
}
