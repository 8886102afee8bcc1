import { dayOf } from "../domain/day.ts";
import { DayFileCorrupt } from "./day-file-error.ts";
import { scanDayFile } from "./day-file-reader.ts";
import { freeBytes } from "./free-bytes.ts";
import { hourAggregates, hourAggregatesText } from "./hour-aggregates.ts";
import { locatorText } from "./locator.ts";
import type { PointDayRow } from "./point-day-rows.ts";
import type { RangeBucket } from "./range-get.ts";

/**
 * Reads a file from its first byte of data to its last, as every reader would, and compares it with what was meant: its
 * points, in their order, where each one's rows are, how many, and their sums by hour.
 * @param expected the file's nth point
 * @throws {DayFileCorrupt} where they differ
 */
export async function verifyDayFile(
  bucket: RangeBucket,
  file: { readonly key: string; readonly etag: string; readonly footerBytes: number },
  expected: (index: number) => { readonly name: string; readonly row: PointDayRow },
  points: number,
): Promise<void> {
  let index = 0;
  for await (const { name, series, locator } of scanDayFile(bucket, file)) {
    const fail = (what: string) => {
      throw new DayFileCorrupt(file.key, locator.group.offset, `point ${index} of ${points}: reads back with ${what}`);
    };
    if (index >= points) fail("no such point expected");
    const { name: wanted, row } = expected(index);
    if (name !== wanted) fail("another name");
    if (series.times.length !== row.rows) fail("another number of rows");
    if (locatorText(locator) !== row.locator) fail("another locator");
    if (series.times[0] !== row.first || series.times.at(-1) !== row.last) fail("other times");
    if (hourAggregatesText(hourAggregates(series, dayOf(row.first))) !== row.hours) fail("other sums");
    freeBytes(series.times);
    freeBytes(series.values);
    index++;
  }
  if (index < points) throw new DayFileCorrupt(file.key, 0, `reads back with ${index} points of ${points}`);
}
