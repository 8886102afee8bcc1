import { TEST_DAY, TEST_SITE } from "./arbitrary-day.ts";
import type { DayFile } from "../src/parquet/file-reader.ts";
import { dayFileKey } from "../src/r2/day-file-key.ts";
import { DayFileWriter, type WrittenDayFile } from "../src/parquet/file-writer.ts";
import { MultipartSink, type UploadBucket } from "../src/r2/multipart-sink.ts";
import type { NamedSeries } from "../src/parquet/row-group-writer.ts";

export const TEST_KEY = dayFileKey(TEST_SITE, TEST_DAY);

/** Writes a file of the tests' day into a bucket. */
export async function writeDay(
  bucket: UploadBucket,
  points: Iterable<NamedSeries>,
  partBytes?: number,
): Promise<{ written: WrittenDayFile; file: DayFile }> {
  const sink = new MultipartSink(bucket, TEST_KEY, partBytes);
  const writer = new DayFileWriter(sink, { site: TEST_SITE, day: TEST_DAY, source: "api" });
  for (const { name, series } of points) await writer.writePoint(name, series);
  const written = await writer.finish();
  return { written, file: { key: TEST_KEY, etag: written.etag, day: TEST_DAY } };
}

/** Samples as lines, equal exactly if the samples are equal bit for bit and in order. */
export function sampleLines(points: Iterable<readonly [string, NamedSeries["series"]]>): string[] {
  const lines: string[] = [];
  for (const [name, { times, values }] of points) {
    times.forEach((time, i) => {
      const value = values[i]!;
      lines.push(`${JSON.stringify(name)} ${time} ${Object.is(value, -0) ? "-0" : value}`);
    });
  }
  return lines;
}

export function linesOf(points: Iterable<NamedSeries>): string[] {
  return sampleLines(Array.from(points, ({ name, series }) => [name, series]));
}
