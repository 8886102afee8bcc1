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

/** More than any row group has: an extent that claims more is not read, for it would not fit a Worker's memory. */
export const MAX_EXTENT_BYTES = 32 * 1024 * 1024;

/** Bytes to fetch for a row group. */
export function extentBytes(extent: Pick<RowGroupExtent, "timeBytes" | "nameBytes" | "valueBytes">): number {
  return extent.timeBytes + extent.nameBytes + extent.valueBytes;
}

/**
 * The text that `point_days` keeps of a point and day: a JSON array of eight integers, 40 to 55 characters,
 * `[offset,timeBytes,nameBytes,valueBytes,groupRows,crc32,firstRow,rows]`. What is the same for the points of a row group
 * is kept with each, so that a year of one point is planned from 365 short rows, without 365 lists of all row groups.
 * Key, etag, day and format version are the file's and stand once, in `day_files`.
 */
export function locatorText({ group, firstRow, rows }: Locator): string {
  const { offset, timeBytes, nameBytes, valueBytes, rows: groupRows, crc32 } = group;
  return JSON.stringify([offset, timeBytes, nameBytes, valueBytes, groupRows, crc32, firstRow, rows]);
}

/** A stored text that is not what we write. */
export class StoredLocatorError extends Error {
  override readonly name = "StoredLocatorError";
}

/**
 * The inverse of {@link locatorText}. Checked by hand: an answer may need 48,000.
 * @throws {StoredLocatorError} for anything that it does not write
 */
export function parseLocator(text: string): Locator {
  const numbers = integersOf(text);
  const [offset, timeBytes, nameBytes, valueBytes, rows, crc32, firstRow, own] = numbers;
  if (
    numbers.length !== 8 ||
    !(offset! > 0 && timeBytes! > 0 && nameBytes! > 0 && valueBytes! > 0 && rows! > 0 && own! > 0) ||
    !(crc32! >= 0 && crc32! <= 0xffff_ffff && firstRow! >= 0)
  ) {
    throw new StoredLocatorError("is not what is written");
  }
  if (timeBytes! + nameBytes! + valueBytes! > MAX_EXTENT_BYTES)
    throw new StoredLocatorError("a row group larger than any");
  if (firstRow! + own! > rows!) throw new StoredLocatorError("points beyond its row group");
  return {
    group: {
      offset: offset!,
      timeBytes: timeBytes!,
      nameBytes: nameBytes!,
      valueBytes: valueBytes!,
      rows: rows!,
      crc32: crc32!,
    },
    firstRow: firstRow!,
    rows: own!,
  };
}

/** Of a JSON array of integers; none of any other text. */
function integersOf(text: string): number[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new StoredLocatorError("is no JSON");
  }
  if (!Array.isArray(parsed)) return [];
  const numbers: unknown[] = parsed;
  return numbers.every((number) => isInteger(number)) ? numbers : [];
}

function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
