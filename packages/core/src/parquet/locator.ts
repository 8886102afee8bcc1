import type { Cursor } from "../bytes/byte-column.ts";
import { MAX_VARINT_BYTES, readVarint, writeVarint } from "../bytes/varint.ts";

/**
 * What to fetch of a row group: the chunks of its columns timestamp, point_name and value, which touch, the last of them
 * up to the end of a point's page: bytes [offset, offset + timeBytes + nameBytes + valueBytes). An extent that ends with
 * the group's last point is all of the three chunks.
 */
export interface RowGroupExtent {
  /** byte of the file at which the timestamp chunk begins */
  readonly offset: number;
  readonly timeBytes: number;
  readonly nameBytes: number;
  /** of the value chunk, up to the end of the page of the last point that the extent is for */
  readonly valueBytes: number;
  /** rows of the whole group */
  readonly rows: number;
  /** CRC-32 of those bytes, unsigned */
  readonly crc32: number;
}

/** Where a point's samples of one day lie: rows [firstRow, firstRow + rows) of one row group of the day's file. */
export interface Locator {
  readonly group: RowGroupExtent;
  readonly firstRow: number;
  readonly rows: number;
}

/** More than any row group has: an extent that claims more is not read, because it would not fit a Worker's memory. */
export const MAX_EXTENT_BYTES = 32 * 1024 * 1024;

/** Bytes to fetch for a row group. */
export function extentBytes(extent: Pick<RowGroupExtent, "timeBytes" | "nameBytes" | "valueBytes">): number {
  return extent.timeBytes + extent.nameBytes + extent.valueBytes;
}

/** A stored locator that is not what we write. */
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
    throw new StoredLocatorError(
      `locator: ${extentBytes(group)} bytes, more than ${MAX_EXTENT_BYTES} of any row group`,
    );
  }
  if (firstRow! + rows! > groupRows!)
    throw new StoredLocatorError(`locator: rows beyond the ${groupRows} of its group`);
  return { group, firstRow: firstRow!, rows: rows! };
}

/** Numbers of a locator. */
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
    if (number === null) throw new StoredLocatorError("locator: a number is no safe integer, or its bytes end");
    numbers.push(number);
  }
  return locatorOf(numbers);
}
