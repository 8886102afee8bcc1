import { buildingDay, TEST_START } from "@building-vitals/core/test/arbitrary-day";
import { readPoints } from "@building-vitals/core/parquet/file-reader";
import { MemoryBucket } from "@building-vitals/core/test/memory-bucket";
import { linesOf, sampleLines, TEST_KEY, writeDay } from "@building-vitals/core/test/written-day";
import { beforeAll, describe, expect, it } from "vitest";
import { DuckDbFile } from "./duckdb-file.ts";

const POINTS = 5_000;
const KIB = 1024;

describe("a day of 5,000 points and 7.2 million samples", () => {
  const bucket = new MemoryBucket();
  let day: Awaited<ReturnType<typeof writeDay>>;
  beforeAll(async () => {
    day = await writeDay(bucket, buildingDay(POINTS), 5 * 1024 * KIB);
  });

  it("takes at most 0.82 bytes a sample, in equal parts and a last one", () => {
    expect(day.written.rows).toBe(POINTS * 1_440);
    expect(day.written.bytes / day.written.rows).toBeLessThan(0.82);
    expect(bucket.uploads).toHaveLength(1);
  });

  it("one request reads a point's day, for most of at most 16 KiB", async () => {
    const sizes: number[] = [];
    for (let i = 0; i < POINTS; i += 20) {
      const point = day.written.points[i]!;
      const cost = { requests: 0, bytes: 0 };
      const found = await readPoints(bucket, day.file, [point], cost);
      expect(found.get(point.name)!.times).toHaveLength(1_440);
      expect(cost.requests).toBe(1);
      sizes.push(cost.bytes);
    }
    sizes.sort((a, b) => a - b);
    expect(sizes[Math.floor(sizes.length * 0.99)]).toBeLessThanOrEqual(16 * KIB);
    expect(sizes.at(-1)).toBeLessThanOrEqual(20 * KIB);
  });

  it("equals DuckDB's counts and sums; every 60th point is read bit for bit", async () => {
    const duckdb = await DuckDbFile.open();
    await duckdb.replace(bucket.stored(TEST_KEY).bytes);
    const [counted] = await duckdb.rows(
      "SELECT count(*) AS n, count(DISTINCT point_name) AS points, epoch_ms(min(timestamp)) AS first FROM read_parquet($file)",
    );
    await duckdb.close();
    expect(counted).toEqual({ n: BigInt(POINTS * 1_440), points: BigInt(POINTS), first: BigInt(TEST_START + 36_055) });
    let i = 0;
    for (const point of buildingDay(POINTS)) {
      if (i % 60 === 0) {
        const found = await readPoints(bucket, day.file, [day.written.points[i]!]);
        expect(sampleLines(found)).toEqual(linesOf([point]));
      }
      i++;
    }
  });
});
