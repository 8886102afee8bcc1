import { describe, expect, test } from "vitest";
import type { Series } from "../domain/samples.ts";
import { buildingDay, TEST_DAY, TEST_SITE, TEST_START } from "../../test/arbitrary-day.ts";
import { DAY_MS } from "../domain/day.ts";
import { DayFileWriter } from "./file-writer.ts";
import { MemoryBucket } from "../../test/memory-bucket.ts";
import { type ByteSink, MultipartSink } from "../r2/multipart-sink.ts";
import { TEST_KEY, writeDay } from "../../test/written-day.ts";

const series = (...samples: readonly (readonly [offset: number, value: number])[]): Series => ({
  times: Float64Array.from(samples, ([offset]) => TEST_START + offset),
  values: Float64Array.from(samples, ([, value]) => value),
});
const ONE = series([0, 1]);

function newWriter(bucket: MemoryBucket): DayFileWriter {
  return new DayFileWriter(new MultipartSink(bucket, TEST_KEY), { site: TEST_SITE, day: TEST_DAY, source: "d1" });
}

/** A sink that fails at the given call of `write`, or at `finish`. */
function failingSink(at: number | "finish", abort = async () => {}): ByteSink {
  let calls = 0;
  return {
    write: async () => {
      if (calls++ === at) throw new Error("the network is gone");
    },
    finish: async () => {
      throw new Error("the network is gone");
    },
    abort,
  };
}

describe("a writer", () => {
  test("puts twelve points into a row group and returns their locators", async () => {
    const bucket = new MemoryBucket();
    const { written } = await writeDay(bucket, buildingDay(25, 60));
    expect(written).toMatchObject({ rows: 25 * 60, rowGroups: 3, bytes: bucket.stored(TEST_KEY).bytes.length });
    const starts = written.points.map(({ locator }) => [locator.group.rows, locator.firstRow, locator.rows]);
    const twelve = Array.from({ length: 12 }, (_, i) => [720, i * 60, 60]);
    expect(starts).toEqual([...twelve, ...twelve, [60, 0, 60]]);
    expect(new Set(written.points.map(({ locator }) => locator.group.offset)).size).toBe(3);
  });

  test("closes a row group before a point would make it too large", async () => {
    const times = Float64Array.from({ length: 70_000 }, (_, i) => TEST_START + i);
    const large = { times, values: new Float64Array(70_000) };
    const points = ["a", "b", "c"].map((name) => ({ name, series: name === "c" ? ONE : large }));
    const { written } = await writeDay(new MemoryBucket(), points);
    expect(written.points.map(({ locator }) => [locator.group.rows, locator.firstRow])).toEqual([
      [70_000, 0],
      [70_001, 0],
      [70_001, 70_000],
    ]);
  });

  test.each([
    ["no samples", series(), "has no samples"],
    ["the same time twice", series([5, 1], [5, 2]), "does not ascend"],
    ["descending times", series([5, 1], [4, 2]), "does not ascend"],
    ["a time of the day before", series([-1, 1]), "does not ascend"],
    ["a time of the day after", series([0, 1], [DAY_MS, 1]), "is not in the day"],
    ["half a millisecond", series([0.5, 1]), "does not ascend"],
    ["a time that is no number", series([Number.NaN, 1]), "does not ascend"],
    ["NaN", series([0, Number.NaN]), "has the value NaN"],
    ["an infinite value", series([0, 1], [1, -Infinity]), "has the value -Infinity"],
    [
      "fewer values than times",
      { times: new Float64Array([TEST_START]), values: new Float64Array(0) },
      "1 times and 0 values",
    ],
    ["too many samples", { times: new Float64Array(250_001), values: new Float64Array(250_001) }, "more than 250000"],
  ])("refuses a point with %s, and aborts the file", async (_, bad, reason) => {
    const bucket = new MemoryBucket();
    const writer = newWriter(bucket);
    await writer.writePoint("a", ONE);
    await expect(writer.writePoint("b", bad)).rejects.toThrow(reason);
    await expect(writer.finish()).rejects.toThrow("finished or aborted");
    expect(bucket.objects.size).toBe(0);
  });

  test.each([
    ["b", "a"],
    ["a", "a"],
    ["\uD83D\uDE00", "\uFF5E"],
    ["a", "b\uD800"],
  ])("refuses after point %j the point %j", async (first, second) => {
    const writer = newWriter(new MemoryBucket());
    await writer.writePoint(first, ONE);
    await expect(writer.writePoint(second, ONE)).rejects.toThrow(RangeError);
  });

  test("makes no file of a day without samples", async () => {
    const bucket = new MemoryBucket();
    await expect(newWriter(bucket).finish()).rejects.toThrow("a day without samples has no file");
    expect(bucket.objects.size).toBe(0);
  });

  test("stores nothing after an abort, which can be repeated", async () => {
    const bucket = new MemoryBucket();
    const writer = newWriter(bucket);
    await writer.writePoint("a", ONE);
    await writer.abort();
    await writer.abort();
    await expect(writer.writePoint("b", ONE)).rejects.toThrow("finished or aborted");
    expect([bucket.objects.size, bucket.open]).toEqual([0, 0]);
  });

  test.each([0, 1, 2, "finish"] as const)("aborts the upload when the sink fails at %s", async (at) => {
    let aborted = 0;
    const sink = failingSink(at, async () => void aborted++);
    const writer = new DayFileWriter(sink, { site: TEST_SITE, day: TEST_DAY, source: "api" });
    const write = async () => {
      for (const point of buildingDay(16, 2)) await writer.writePoint(point.name, point.series);
      await writer.finish();
    };
    await expect(write()).rejects.toThrow("the network is gone");
    expect(aborted).toBe(1);
    await expect(writer.finish()).rejects.toThrow("finished or aborted");
  });

  test("reports both errors when the abort fails too", async () => {
    const sink = failingSink(0, () => Promise.reject(new Error("no abort")));
    const writer = new DayFileWriter(sink, { site: TEST_SITE, day: TEST_DAY, source: "api" });
    await writer.writePoint("a", ONE);
    const error: unknown = await writer.finish().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AggregateError);
    expect(error).toMatchObject({ errors: [{ message: "the network is gone" }, { message: "no abort" }] });
  });

  test("refuses a site or a day without a key", () => {
    const sink = failingSink("finish");
    expect(() => new DayFileWriter(sink, { site: "", day: TEST_DAY, source: "api" })).toThrow(RangeError);
    expect(() => new DayFileWriter(sink, { site: "a", day: TEST_DAY + 0.5, source: "api" })).toThrow(RangeError);
  });
});
