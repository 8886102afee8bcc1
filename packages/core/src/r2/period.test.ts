import { crc32 } from "node:zlib";
import { describe, expect, test } from "vitest";
import { buildingDay, TEST_DAY, TEST_MONTH, TEST_SITE } from "../../test/arbitrary-day.ts";
import { DayFileCorrupt } from "./file-error.ts";
import { readPoints } from "../parquet/file-reader.ts";
import { DayFileWriter } from "../parquet/file-writer.ts";
import type { FileAbout } from "../parquet/file-schema.ts";
import { encodeFooter } from "../parquet/encode-footer.ts";
import { readFooter } from "../parquet/footer.ts";
import { MemoryBucket } from "../../test/memory-bucket.ts";
import { monthFileKey } from "./month-file-key.ts";
import { MultipartSink } from "./multipart-sink.ts";
import { DAY_LIMITS, MONTH_LIMITS, type Period, periodRange } from "./period.ts";
import { decodeGroup } from "../parquet/row-group-reader.ts";
import { TEST_KEY, writeDay } from "../../test/written-day.ts";

const KEY = monthFileKey(TEST_SITE, TEST_MONTH);
const DAYS: readonly (string | null)[] = Array.from({ length: 31 }, () => null);

/** A month file of a day's samples. */
async function writeMonth(bucket: MemoryBucket, about: FileAbout = { month: TEST_MONTH, days: DAYS }) {
  const writer = new DayFileWriter(new MultipartSink(bucket, KEY), { site: TEST_SITE, ...about });
  for (const { name, series } of buildingDay(6, 5)) await writer.writePoint(name, series);
  return writer.finish();
}

test.each<[Period, string, string]>([
  [{ day: TEST_DAY }, "2025-10-12T00:00:00.000Z", "2025-10-13T00:00:00.000Z"],
  [{ month: TEST_MONTH }, "2025-10-01T00:00:00.000Z", "2025-11-01T00:00:00.000Z"],
  [{ month: 649 }, "2024-02-01T00:00:00.000Z", "2024-03-01T00:00:00.000Z"],
])("the times of %j are [%s, %s)", (period, start, end) => {
  expect(periodRange(period)).toEqual({ start: Date.parse(start), end: Date.parse(end) });
});

describe("a month file", () => {
  test.each([
    [1, "does not ascend"],
    [-1, "is not in the month"],
  ])("read as another month (%i later), its times are refused", async (by, reason) => {
    const bucket = new MemoryBucket();
    const { etag, points } = await writeMonth(bucket);
    const reading = readPoints(bucket, { key: KEY, etag, month: TEST_MONTH + by }, points);
    await expect(reading).rejects.toThrow(reason);
  });

  test.each([
    [TEST_MONTH - 1, "is not in the month"],
    [TEST_MONTH + 1, "does not ascend"],
  ])("written as month %i, times of another month are refused", async (month, reason) => {
    await expect(writeMonth(new MemoryBucket(), { month, days: DAYS })).rejects.toThrow(reason);
  });

  test("a day file under a month's key is refused, and the reverse", async () => {
    const bucket = new MemoryBucket();
    await writeMonth(bucket);
    await writeDay(bucket, buildingDay(3, 5));
    const [day, month] = [bucket.stored(TEST_KEY), bucket.stored(KEY)];
    bucket.objects.set(TEST_KEY, month);
    bucket.objects.set(KEY, day);
    for (const key of [TEST_KEY, KEY]) {
      await expect(readFooter(bucket, { key, etag: null })).rejects.toThrow("another site or day");
    }
  });

  test.each<[string, FileAbout]>([
    ["of another month", { month: TEST_MONTH + 1, days: DAYS }],
    ["with the days of a shorter month", { month: TEST_MONTH, days: DAYS.slice(1) }],
    ["of a day", { day: TEST_DAY, source: "api" }],
  ])("a footer %s is refused", async (_, about) => {
    const bucket = new MemoryBucket();
    await writeMonth(bucket);
    const { bytes, etag } = bucket.stored(KEY);
    bucket.objects.set(KEY, {
      bytes: Uint8Array.from([...bytes.subarray(0, 4), ...encodeFooter(TEST_SITE, about, [])]),
      etag,
    });
    await expect(readFooter(bucket, { key: KEY, etag })).rejects.toThrow(DayFileCorrupt);
  });
});

test("a row group has a row limit by the kind of its file", () => {
  const bytes = Uint8Array.of(1, 2, 3);
  const refusal = (rows: number, period: Period) => {
    const group = { offset: 4, timeBytes: 1, nameBytes: 1, valueBytes: 1, rows, crc32: crc32(bytes) };
    try {
      return decodeGroup(bytes, { group, points: null }, { key: "k", ...period });
    } catch (error) {
      return String(error);
    }
  };
  const day = { day: TEST_DAY };
  const month = { month: TEST_MONTH };
  expect([DAY_LIMITS.pointRows, MONTH_LIMITS.pointRows]).toEqual([250_000, 1_000_000]);
  expect(refusal(250_001, day)).toContain("rows, at most");
  expect(refusal(250_000, day)).not.toContain("rows, at most");
  expect(refusal(1_000_001, month)).toContain("rows, at most");
  expect(refusal(1_000_000, month)).not.toContain("rows, at most");
});
