import { type DayOfMonth, TEST_MONTH, TEST_SITE } from "./arbitrary-day.ts";
import { dayFileKey } from "../src/r2/day-file-key.ts";
import { DayFileWriter } from "../src/parquet/file-writer.ts";
import { MultipartSink, type UploadBucket } from "../src/r2/multipart-sink.ts";
import type { NamedSeries } from "../src/parquet/row-group-writer.ts";
import { linesOf } from "./written-day.ts";
import { monthDays } from "../src/domain/month.ts";
import { compareUtf8 } from "../src/domain/utf8-order.ts";
import { type MergeBucket, mergePart } from "../src/months/merge-part.ts";
import type { MonthBuild, MonthSource, StagedPart } from "../src/months/month-build.ts";
import { planParts } from "../src/months/plan-parts.ts";
import { putMonthFile } from "../src/months/put-month-file.ts";

export const TEST_BUILD: MonthBuild = { build: "build_1", site: { id: 1, name: TEST_SITE }, month: TEST_MONTH };

/** Writes the day files of a month. */
export async function writeDays(bucket: UploadBucket, days: readonly DayOfMonth[]): Promise<MonthSource[]> {
  const { first } = monthDays(TEST_MONTH);
  const sources: MonthSource[] = [];
  for (const { index, points } of days) {
    const day = first + index;
    const key = dayFileKey(TEST_SITE, day);
    const writer = new DayFileWriter(new MultipartSink(bucket, key), { site: TEST_SITE, day, source: "api" });
    for (const { name, series } of points) await writer.writePoint(name, series);
    const { etag, bytes } = await writer.finish();
    sources.push({ day, key, etag, bytes, generation: 1 });
  }
  return sources;
}

/** Builds the month file from its day files. @param rows of a part */
export async function buildMonth(bucket: MergeBucket, sources: readonly MonthSource[], rows?: number) {
  const ranges = await planParts(bucket, sources, rows);
  const parts: StagedPart[] = [];
  for (const [number, range] of ranges.entries()) {
    parts.push(await mergePart(bucket, TEST_BUILD, sources, range, number));
  }
  return { parts, ...(await putMonthFile(bucket, TEST_BUILD, sources, parts)) };
}

/** All samples of the days, computed naively: lines by point and then by time. */
export function monthLines(days: readonly DayOfMonth[]): string[] {
  const all = days.flatMap(({ points }) => points);
  const names = [...new Set(all.map(({ name }) => name))].sort(compareUtf8);
  return names.flatMap((name) => linesOf(all.filter((point: NamedSeries) => point.name === name)));
}
