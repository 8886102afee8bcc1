import { crc32 } from "node:zlib";
import { type Locator, locatorNumbers } from "../parquet/locator.ts";
import { DayFileCorrupt } from "../r2/file-error.ts";
import { scanDayFile } from "../parquet/file-reader.ts";
import { DayFileWriter, type WrittenDayFile } from "../parquet/file-writer.ts";
import { freeBytes } from "../bytes/free-bytes.ts";
import { monthFileKey } from "../r2/month-file-key.ts";
import { MultipartSink, type UploadBucket } from "../r2/multipart-sink.ts";
import { MONTH_LIMITS } from "../r2/period.ts";
import type { RangeBucket } from "../r2/range-get.ts";
import { concatSeries, type Series } from "../domain/samples.ts";
import {
  checkSources,
  type MonthBuild,
  MonthBuildError,
  type MonthSource,
  type PartRange,
  sourceEtags,
  type StagedPart,
} from "./month-build.ts";
import { stagedPartKey, stagedPointsKey } from "./month-staging.ts";
import { mergeSources } from "./read-sources.ts";

/** The part of R2Bucket that a merge uses. */
export type MergeBucket = RangeBucket &
  UploadBucket & {
    put(key: string, text: string): Promise<unknown>;
  };

/** The size and checksum of a point's samples. */
interface Fingerprint {
  readonly rows: number;
  readonly crc32: number;
}

/**
 * Merges some points of a month's day files into a staged part, reads it back and compares each sample, then stages the
 * locators of its points. Safe to repeat: it makes the same objects.
 *
 * Memory: of each day file a range of 128 KB and a row group; the writer's row group, and its 8 MB part.
 * @param number of the part, from 0 in the order of names
 * @throws {MonthBuildError} if the part has no samples; {DayFileMissing}, {DayFileChanged} and {DayFileCorrupt} if a
 * day file differs from its manifest entry; R2's errors
 */
export async function mergePart(
  bucket: MergeBucket,
  build: MonthBuild,
  sources: readonly MonthSource[],
  range: PartRange,
  number: number,
): Promise<StagedPart> {
  checkSources(build, sources);
  const fingerprints: Fingerprint[] = [];
  let rowsLeftOut = 0;
  const about = { site: build.site.name, month: build.month, days: sourceEtags(build, sources) };
  const writer = new DayFileWriter(new MultipartSink(bucket, stagedPartKey(build, number)), about);
  let written: WrittenDayFile;
  try {
    // The samples that the writer has not encoded yet.
    const held: Series[] = [];
    for await (const { name, days } of mergeSources(bucket, sources, range)) {
      const series = joinDays(days);
      if (series === null) {
        rowsLeftOut += days.reduce((sum, { times }) => sum + times.length, 0);
        continue;
      }
      fingerprints.push(fingerprint(series));
      await writer.writePoint(name, series);
      held.push(series);
      for (const done of held.splice(0, held.length - writer.pendingPoints)) freeSeries(done);
    }
    if (fingerprints.length === 0) {
      if (rowsLeftOut === 0) throw new MonthBuildError(`part ${number} of the month has no samples`);
      await writer.abort();
      return { number, etag: "", sha256: "", bytes: 0, footerBytes: 0, rows: 0, points: 0, rowsLeftOut };
    }
    written = await writer.finish();
  } catch (error) {
    await writer.abort();
    throw error;
  }
  await verifyPart(bucket, build, number, written, fingerprints);
  const { etag, sha256, bytes, footerBytes, rows, points } = written;
  const located = points.map(({ name, locator }) => [name, ...locatorNumbers(locator)]);
  await bucket.put(stagedPointsKey(build, number), JSON.stringify(located));
  return { number, etag, sha256, bytes, footerBytes, rows, points: points.length, rowsLeftOut };
}

/**
 * Joins a point's samples of all days, and frees those of the days. @returns null: more samples than a month file
 * accepts
 */
function joinDays(days: readonly Series[]): Series | null {
  const rows = days.reduce((sum, { times }) => sum + times.length, 0);
  if (rows > MONTH_LIMITS.pointRows) return null;
  const joined = concatSeries(days);
  for (const day of days) freeSeries(day);
  return joined;
}

function freeSeries({ times, values }: Series): void {
  freeBytes(times);
  freeBytes(values);
}

function fingerprint({ times, values }: Series): Fingerprint {
  const bytesOf = ({ buffer, byteOffset, byteLength }: Float64Array) => new Uint8Array(buffer, byteOffset, byteLength);
  return { rows: times.length, crc32: crc32(bytesOf(values), crc32(bytesOf(times))) };
}

/** Reads a part like a reader of the month file. @throws {DayFileCorrupt} if it differs from what was written */
async function verifyPart(
  bucket: RangeBucket,
  build: MonthBuild,
  number: number,
  { etag, footerBytes, points }: WrittenDayFile,
  fingerprints: readonly Fingerprint[],
): Promise<void> {
  // Under its final key, because a reader refuses a file under another one.
  const key = monthFileKey(build.site.name, build.month);
  const asInPlace: RangeBucket = { get: (_, options) => bucket.get(stagedPartKey(build, number), options) };
  let index = 0;
  for await (const { name, series, locator } of scanDayFile(asInPlace, { key, etag, footerBytes })) {
    const expected = points[index];
    const { rows, crc32: crc } = fingerprint(series);
    const isSame =
      name === expected?.name &&
      rows === fingerprints[index]!.rows &&
      crc === fingerprints[index]!.crc32 &&
      isSameLocator(locator, expected.locator);
    if (!isSame) {
      const place = `point ${index} of ${points.length} of part ${number}`;
      throw new DayFileCorrupt(key, locator.group.offset, `${place} reads back with other samples`);
    }
    freeSeries(series);
    index++;
  }
  if (index < points.length) throw new DayFileCorrupt(key, 0, `part ${number} reads back with ${index} points`);
}

function isSameLocator(a: Locator, b: Locator): boolean {
  return locatorNumbers(a).join() === locatorNumbers(b).join();
}
