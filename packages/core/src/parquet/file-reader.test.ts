import { describe, expect, test } from "vitest";
import { buildingDay, forEachDay } from "../../test/arbitrary-day.ts";
import { DayFileChanged, DayFileCorrupt, DayFileMissing } from "../r2/file-error.ts";
import { readPoints, readPointsByFooter, scanDayFile } from "./file-reader.ts";
import { readFooter } from "./footer.ts";
import { freeBytes } from "../bytes/free-bytes.ts";
import { extentBytes } from "./locator.ts";
import { MemoryBucket } from "../../test/memory-bucket.ts";
import type { RangeBucket } from "../r2/range-get.ts";
import type { NamedSeries } from "./row-group-writer.ts";
import { linesOf, sampleLines, TEST_KEY, writeDay } from "../../test/written-day.ts";

const noCost = () => ({ requests: 0, bytes: 0 });

describe("the cost of a read", () => {
  test("one point costs one request, up to the end of its own values", async () => {
    const bucket = new MemoryBucket();
    const { written, file } = await writeDay(bucket, buildingDay(40, 60));
    for (const point of written.points) {
      const cost = noCost();
      const found = await readPoints(bucket, file, [point], cost);
      expect(found.get(point.name)!.times).toHaveLength(60);
      expect(cost).toEqual({ requests: 1, bytes: extentBytes(point.locator.group) });
    }
  });

  test("the first points of a row group: later values are not fetched", async () => {
    const bucket = new MemoryBucket();
    const { written, file } = await writeDay(bucket, buildingDay(12, 60));
    const cost = noCost();
    const some = [written.points[3]!, written.points[0]!];
    expect((await readPoints(bucket, file, some, cost)).size).toBe(2);
    expect(cost).toEqual({ requests: 1, bytes: extentBytes(some[0]!.locator.group) });
    expect(cost.bytes).toBeLessThan(extentBytes(written.points[11]!.locator.group) / 2);
  });

  test("all points of neighbouring row groups cost one request", async () => {
    const bucket = new MemoryBucket();
    const { written, file } = await writeDay(bucket, buildingDay(40, 60));
    const cost = noCost();
    const found = await readPoints(bucket, file, written.points.toReversed(), cost);
    expect(found.size).toBe(40);
    const last = written.points.at(-1)!.locator.group;
    expect(cost).toEqual({ requests: 1, bytes: last.offset + extentBytes(last) - 4 });
  });

  test("by footer, a point costs the footer and at most one request", async () => {
    const bucket = new MemoryBucket();
    const { written } = await writeDay(bucket, buildingDay(40, 60));
    const cost = noCost();
    const footer = await readFooter(bucket, { key: TEST_KEY, etag: null, footerBytes: written.footerBytes }, cost);
    expect(cost).toEqual({ requests: 1, bytes: written.footerBytes });
    const { name, locator } = written.points[23]!;
    expect([...(await readPointsByFooter(bucket, TEST_KEY, footer, [name], cost)).keys()]).toEqual([name]);
    expect(cost).toEqual({ requests: 2, bytes: written.footerBytes + extentBytes(locator.group) });
    expect(
      (await readPointsByFooter(bucket, TEST_KEY, footer, ["a", `${written.points[11]!.name}!`, "zz"], cost)).size,
    ).toBe(0);
    expect(cost.requests).toBe(2);
  });

  test("a footer beyond the first request costs one exact request more", async () => {
    const bucket = new MemoryBucket();
    const { written } = await writeDay(bucket, buildingDay(40, 60));
    const cost = noCost();
    const footer = await readFooter(bucket, { key: TEST_KEY, etag: null, footerBytes: 100 }, cost);
    expect(footer).toMatchObject({ rows: 2_400, source: "api", etag: written.etag });
    expect(cost).toEqual({ requests: 2, bytes: written.footerBytes });
  });
});

describe("a file other than the planned one", () => {
  test("is missing", async () => {
    const bucket = new MemoryBucket();
    const { written, file } = await writeDay(bucket, buildingDay(3, 5));
    bucket.objects.clear();
    await expect(readPoints(bucket, file, written.points)).rejects.toThrow(DayFileMissing);
    await expect(readFooter(bucket, file)).rejects.toThrow(DayFileMissing);
  });

  test("has another ETag", async () => {
    const bucket = new MemoryBucket();
    const { written, file } = await writeDay(bucket, buildingDay(3, 5));
    const { file: newer } = await writeDay(bucket, buildingDay(3, 6));
    const changed = { key: TEST_KEY, expected: file.etag, found: newer.etag };
    await expect(readPoints(bucket, file, written.points)).rejects.toMatchObject(changed);
    await expect(readPoints(bucket, file, written.points)).rejects.toThrow(DayFileChanged);
    await expect(readFooter(bucket, file)).rejects.toMatchObject(changed);
  });

  test("belongs to another site by its footer", async () => {
    const bucket = new MemoryBucket();
    await writeDay(bucket, buildingDay(3, 5));
    const other = "timeseries/2025/10/12/other.parquet";
    bucket.objects.set(other, bucket.stored(TEST_KEY));
    await expect(readFooter(bucket, { key: other, etag: null })).rejects.toMatchObject({
      name: "DayFileCorrupt",
      key: other,
      reason: "footer: of another site or day than its key",
    });
  });

  test("read as another day, its times are refused", async () => {
    const bucket = new MemoryBucket();
    const { written, file } = await writeDay(bucket, buildingDay(3, 5));
    const reading = readPoints(bucket, { ...file, day: file.day + 1 }, written.points);
    await expect(reading).rejects.toThrow("does not ascend");
  });
});

/** The refusal, which becomes a day's public `reason`. */
async function refusal(reading: Promise<unknown>): Promise<string> {
  const error = await reading.then(
    () => null,
    (reason: unknown) => reason,
  );
  return error instanceof DayFileCorrupt ? error.message : "";
}

test("no refusal of a day file names a point", async () => {
  const bucket = new MemoryBucket();
  const { written, file } = await writeDay(bucket, buildingDay(15, 60));
  const [first, second] = [written.points[1]!, written.points[13]!];
  const refusals = await Promise.all([
    refusal(readPoints(bucket, { ...file, day: file.day + 1 }, written.points)),
    refusal(readPoints(bucket, file, [{ name: first.name, locator: { ...first.locator, rows: 59 } }])),
    refusal(readPoints(bucket, file, [{ name: second.name, locator: first.locator }])),
  ]);
  for (const text of refusals) {
    expect(text).not.toBe("");
    for (const { name } of written.points) expect(text).not.toContain(name);
  }
});

describe("a wrong locator", () => {
  test.each([
    ["another first row", { firstRow: 61 }, "has 60 rows from 60, not 60 from 61"],
    ["fewer rows", { rows: 59 }, "has 60 rows from 60, not 59 from 60"],
    ["more rows", { rows: 61 }, "has 60 rows from 60, not 61 from 60"],
  ])("%s", async (_, wrong, reason) => {
    const bucket = new MemoryBucket();
    const { written, file } = await writeDay(bucket, buildingDay(4, 60));
    const { name, locator } = written.points[1]!;
    const reading = readPoints(bucket, file, [{ name, locator: { ...locator, ...wrong } }]);
    await expect(reading).rejects.toThrow(DayFileCorrupt);
    await expect(readPoints(bucket, file, [{ name, locator: { ...locator, ...wrong } }])).rejects.toThrow(reason);
  });

  test("of another point", async () => {
    const bucket = new MemoryBucket();
    const { written, file } = await writeDay(bucket, buildingDay(15, 60));
    const reading = readPoints(bucket, file, [{ name: written.points[13]!.name, locator: written.points[1]!.locator }]);
    await expect(reading).rejects.toThrow("not in its row group");
  });

  test.each(["timeBytes", "nameBytes", "valueBytes", "rows", "crc32", "offset"] as const)("%s", async (field) => {
    const bucket = new MemoryBucket();
    const { written, file } = await writeDay(bucket, buildingDay(4, 60));
    const { name, locator } = written.points[1]!;
    for (const by of [-1, 1]) {
      const group = { ...locator.group, [field]: locator.group[field] + by };
      await expect(readPoints(bucket, file, [{ name, locator: { ...locator, group } }])).rejects.toThrow(
        DayFileCorrupt,
      );
    }
  });
});

test("decoded samples share no memory with fetched bytes or other points", async () => {
  const fetched: Uint8Array[] = [];
  await forEachDay(async (points) => {
    const bucket = new MemoryBucket();
    await writeDay(bucket, points);
    const watched: RangeBucket = {
      get: async (key, options) => {
        const object = (await bucket.get(key, options))!;
        const body = await object.arrayBuffer!();
        fetched.push(new Uint8Array(body));
        return { ...object, arrayBuffer: async () => body };
      },
    };
    const read: NamedSeries[] = [];
    for await (const point of scanDayFile(watched, { key: TEST_KEY, etag: null })) read.push(point);
    for (const bytes of fetched.splice(0).filter(({ length }) => length > 0)) bytes.fill(0xff);
    const isKept = (_: NamedSeries, i: number) => i % 2 === 0;
    for (const { series } of read.filter((_, i) => i % 2 === 1)) Object.values(series).forEach(freeBytes);
    expect(linesOf(read.filter(isKept))).toEqual(linesOf(points.filter(isKept)));
    expect(read).toHaveLength(points.length);
  });
});

/**
 * Reads a damaged file in every way. Each way returns the samples written, or throws DayFileCorrupt with the file's
 * key.
 */
async function outcomes(bucket: MemoryBucket, written: Awaited<ReturnType<typeof writeDay>>, expected: string[]) {
  const {
    file,
    written: { points, footerBytes },
  } = written;
  const ways = [
    async () => sampleLines(await readPoints(bucket, file, points)),
    async () => {
      const footer = await readFooter(bucket, { ...file, footerBytes });
      return sampleLines(
        await readPointsByFooter(
          bucket,
          TEST_KEY,
          footer,
          points.map(({ name }) => name),
        ),
      );
    },
    async () => {
      const lines: string[] = [];
      for await (const { name, series } of scanDayFile(bucket, file)) lines.push(...sampleLines([[name, series]]));
      return lines;
    },
  ];
  return Promise.all(
    ways.map(async (read) => {
      try {
        expect(await read()).toEqual(expected);
        return "right";
      } catch (error) {
        if (!(error instanceof DayFileCorrupt)) throw error;
        expect(error).toMatchObject({ key: TEST_KEY, offset: expect.any(Number) });
        return "corrupt";
      }
    }),
  );
}

describe("damaged bytes", () => {
  test("any flipped bit of a byte that a read uses is noticed", async () => {
    const bucket = new MemoryBucket();
    const points = [...buildingDay(9, 3)];
    const day = await writeDay(bucket, points);
    const { bytes } = bucket.stored(TEST_KEY);
    const groups = [...new Map(day.written.points.map(({ locator: { group } }) => [group.offset, group])).values()];
    const used = (at: number) => groups.some((group) => at >= group.offset && at < group.offset + extentBytes(group));
    const footerAt = bytes.length - day.written.footerBytes;
    for (let at = 0; at < bytes.length; at++) {
      const damaged = bytes.slice();
      damaged[at]! ^= 1 << (at % 8);
      bucket.damage(TEST_KEY, damaged);
      const byLocator = used(at) ? "corrupt" : "right";
      const byFooter = used(at) || at >= footerAt ? "corrupt" : "right";
      expect([at, ...(await outcomes(bucket, day, linesOf(points)))]).toEqual([at, byLocator, byFooter, byFooter]);
    }
  });

  test("random damage and truncation: the right samples or a typed error", async () => {
    let seed = 7;
    const random = (below: number) => (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0) % below;
    const seen = { right: 0, corrupt: 0 };
    await forEachDay(async (points) => {
      const bucket = new MemoryBucket();
      const day = await writeDay(bucket, points);
      const { bytes } = bucket.stored(TEST_KEY);
      const expected = linesOf(points);
      for (let i = 0; i < 6; i++) {
        let damaged = bytes.slice();
        if (i % 3 === 0) damaged = damaged.slice(0, random(bytes.length));
        else for (let n = 0; n <= random(4); n++) damaged[random(bytes.length)] = random(256);
        bucket.damage(TEST_KEY, damaged);
        for (const outcome of await outcomes(bucket, day, expected)) seen[outcome]++;
      }
    }, 40);
    expect(seen.right).toBeGreaterThan(0);
    expect(seen.corrupt).toBeGreaterThan(200);
  });

  test("damage with a matching CRC-32: a typed error, or all samples", async () => {
    const { crc32 } = await import("node:zlib");
    const bucket = new MemoryBucket();
    const points = [...buildingDay(3, 20)];
    const { written, file } = await writeDay(bucket, points);
    const { bytes } = bucket.stored(TEST_KEY);
    const { group } = written.points.at(-1)!.locator;
    let corrupt = 0;
    for (let at = group.offset; at < group.offset + extentBytes(group); at++) {
      for (const flip of [1, 0x80, 0xff]) {
        const damaged = bytes.slice();
        damaged[at]! ^= flip;
        bucket.damage(TEST_KEY, damaged);
        const wanted = written.points.map(({ name, locator }) => {
          const end = locator.group.offset + extentBytes(locator.group);
          const forged = { ...locator.group, crc32: crc32(damaged.subarray(group.offset, end)) };
          return { name, locator: { ...locator, group: forged } };
        });
        const outcome: unknown = await readPoints(bucket, file, wanted).catch((error: unknown) => error);
        if (outcome instanceof DayFileCorrupt) corrupt++;
        else if (outcome instanceof Map) expect(sampleLines(outcome)).toHaveLength(linesOf(points).length);
        else throw outcome;
      }
    }
    expect(corrupt).toBeGreaterThan(extentBytes(group));
  });
});
