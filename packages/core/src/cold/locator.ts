import { z } from "zod";

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

const positive = z.int().positive();
const uint32 = z.int().min(0).max(0xffff_ffff);

const storedLocatorSchema = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue("is no JSON");
      return z.NEVER;
    }
  })
  .pipe(z.tuple([positive, positive, positive, positive, positive, uint32, z.int().min(0), positive]))
  .refine(([, time, name, value]) => time + name + value <= MAX_EXTENT_BYTES, "a row group larger than any")
  .refine(([, , , , rows, , firstRow, own]) => firstRow + own <= rows, "points beyond its row group")
  .transform(([offset, timeBytes, nameBytes, valueBytes, rows, crc32, firstRow, own]): Locator => {
    return { group: { offset, timeBytes, nameBytes, valueBytes, rows, crc32 }, firstRow, rows: own };
  });

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

/** The inverse of {@link locatorText}. @throws {z.ZodError} for anything that it does not write */
export function parseLocator(text: string): Locator {
  return storedLocatorSchema.parse(text);
}
