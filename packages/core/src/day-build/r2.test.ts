import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { buildingDay } from "../../test/arbitrary-day.ts";
import { DayFileChanged, DayFileCorrupt, DayFileMissing } from "../r2/file-error.ts";
import { readPoints, readPointsByFooter, scanDayFile } from "../parquet/file-reader.ts";
import { readFooter } from "../parquet/footer.ts";
import { extentBytes } from "../parquet/locator.ts";
import { MultipartSink } from "../r2/multipart-sink.ts";
import { linesOf, sampleLines, TEST_KEY, writeDay } from "../../test/written-day.ts";

declare global {
  namespace Cloudflare {
    interface Env {
      TIMESERIES: R2Bucket;
    }
  }
}

describe.skipIf(!("TIMESERIES" in env))("on R2", () => {
  const bucket = env.TIMESERIES;
  const points = () => [...buildingDay(40, 120)];

  test("a file is read by locators, by its footer alone and as a whole", async () => {
    const { written, file } = await writeDay(bucket, points());
    const expected = linesOf(points());
    expect(sampleLines(await readPoints(bucket, file, written.points))).toEqual(expected);
    const footer = await readFooter(bucket, file);
    const names = written.points.map(({ name }) => name);
    expect(sampleLines(await readPointsByFooter(bucket, TEST_KEY, footer, names))).toEqual(expected);
    const scanned: string[] = [];
    for await (const { name, series } of scanDayFile(bucket, file)) scanned.push(...sampleLines([[name, series]]));
    expect(scanned).toEqual(expected);
    expect(await bucket.head(TEST_KEY)).toMatchObject({ etag: written.etag, size: written.bytes });
  });

  test("a point costs one request for exactly its row group", async () => {
    const { written, file } = await writeDay(bucket, points());
    const cost = { requests: 0, bytes: 0 };
    await readPoints(bucket, file, [written.points[20]!], cost);
    expect(cost).toEqual({ requests: 1, bytes: extentBytes(written.points[20]!.locator.group) });
  });

  test("a replaced or removed file is detected", async () => {
    const { written, file } = await writeDay(bucket, points());
    await writeDay(bucket, buildingDay(40, 119));
    await expect(readPoints(bucket, file, written.points)).rejects.toThrow(DayFileChanged);
    await bucket.delete(TEST_KEY);
    await expect(readPoints(bucket, file, written.points)).rejects.toThrow(DayFileMissing);
  });

  test("a truncated file is corrupt, wherever the range lies", async () => {
    const { written } = await writeDay(bucket, points());
    const whole = new Uint8Array(await (await bucket.get(TEST_KEY))!.arrayBuffer());
    const last = written.points.at(-1)!;
    for (const length of [last.locator.group.offset + 10, 100, 10]) {
      const { etag } = (await bucket.put(TEST_KEY, whole.subarray(0, length)))!;
      const file = { key: TEST_KEY, etag, day: Date.UTC(2025, 9, 12) };
      await expect(readPoints(bucket, file, [last])).rejects.toThrow(DayFileCorrupt);
      await expect(readFooter(bucket, file)).rejects.toThrow(DayFileCorrupt);
    }
  });

  test("parts have R2's sizes, and an aborted upload leaves nothing", async () => {
    const bytes = Uint8Array.from({ length: 12 * 1024 * 1024 }, (_, i) => (i * 7) & 0xff);
    const sink = new MultipartSink(bucket, "parts", 5 * 1024 * 1024);
    await sink.write(bytes);
    const stored = await sink.finish();
    expect(await bucket.head("parts")).toMatchObject({ etag: stored.etag, size: bytes.length });
    const digest = await crypto.subtle.digest("SHA-256", await (await bucket.get("parts"))!.arrayBuffer());
    expect(stored.sha256).toBe(
      Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join(""),
    );
    const given = new MultipartSink(bucket, "given up", 5 * 1024 * 1024);
    await given.write(bytes);
    await given.abort();
    expect(await bucket.head("given up")).toBeNull();
  });
});
