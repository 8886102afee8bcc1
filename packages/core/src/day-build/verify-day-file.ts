import { hourAggregates } from "../rollups/hour-aggregates.ts";
import { decodeLocator, encodeSlice } from "../rollups/hour-slice.ts";
import { type Locator, locatorNumbers } from "../parquet/locator.ts";
import { dayOf } from "../domain/day.ts";
import { DayFileCorrupt } from "../r2/file-error.ts";
import { scanDayFile } from "../parquet/file-reader.ts";
import { freeBytes } from "../bytes/free-bytes.ts";
import type { FilePoint } from "../manifest/file-rows.ts";
import type { RangeBucket } from "../r2/range-get.ts";

/**
 * Reads a whole file like a reader, and compares it with what was written: points in order, and each point's row
 * position, row count and hourly sums.
 * @param expected the file's nth point
 * @throws {DayFileCorrupt} if they differ
 */
export async function verifyDayFile(
  bucket: RangeBucket,
  file: { readonly key: string; readonly etag: string; readonly footerBytes: number },
  expected: (index: number) => { readonly name: string; readonly row: FilePoint },
  points: number,
): Promise<void> {
  let index = 0;
  for await (const { name, series, locator } of scanDayFile(bucket, file)) {
    const fail = (difference: string) => {
      throw new DayFileCorrupt(
        file.key,
        locator.group.offset,
        `point ${index} of ${points}: reads back with ${difference}`,
      );
    };
    if (index >= points) fail("a point that was not written");
    const { name: wanted, row } = expected(index);
    if (name !== wanted) fail("another name");
    if (series.times.length !== row.rows) fail("another number of rows than were written");
    if (!isSameLocator(locator, decodeLocator(row.slice))) fail("another locator");
    if (series.times[0] !== row.first || series.times.at(-1) !== row.last) fail("other times");
    const slice = encodeSlice({ hours: hourAggregates(series, dayOf(row.first)), locator });
    if (!slice.every((byte, i) => byte === row.slice[i]) || slice.length !== row.slice.length) fail("other sums");
    freeBytes(series.times);
    freeBytes(series.values);
    index++;
  }
  if (index < points) throw new DayFileCorrupt(file.key, 0, `reads back with ${index} points of ${points}`);
}

function isSameLocator(a: Locator, b: Locator | null): boolean {
  return b !== null && locatorNumbers(a).join() === locatorNumbers(b).join();
}
