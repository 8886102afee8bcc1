import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  buildingPoint,
  type DayOfMonth,
  TEST_MONTH,
  TEST_SITE,
  TEST_START,
} from "@building-vitals/core/test/arbitrary-day";
import { MemoryBucket } from "@building-vitals/core/test/memory-bucket";
import { monthFileKey } from "@building-vitals/core/r2/month-file-key";
import { DAY_MS, dayStart } from "@building-vitals/core/domain/day";
import { monthDays } from "@building-vitals/core/domain/month";
import { compareUtf8 } from "@building-vitals/core/domain/utf8-order";
import { buildMonth, monthLines, writeDays } from "@building-vitals/core/test/month-world";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { DuckDbFile } from "./duckdb-file.ts";

const KEY = monthFileKey(TEST_SITE, TEST_MONTH);
const START = dayStart(monthDays(TEST_MONTH).first);

/** A day of some points: the first half at an even pace, the others at times that jitter and that they share. */
function dayOf(index: number, ids: readonly number[]): DayOfMonth {
  const points = ids.map((id) => {
    const { name, series } = buildingPoint(id, 100);
    const jitter = (i: number) => (id < 50 ? 0 : ((i + index) * 7_919) % 199);
    const times = series.times.map((time, i) => time - TEST_START + START + index * DAY_MS + jitter(i));
    return { name, series: { times, values: series.values.map((value) => value + index) } };
  });
  return { index, points: points.sort((a, b) => compareUtf8(a.name, b.name)) };
}

const IDS = Array.from({ length: 40 }, (_, i) => 30 + i);
// A point that appears late, one that ends, and days without a file.
const DAYS = [0, 1, 2, 5, 17, 30].map((index) => dayOf(index, index > 2 ? IDS.slice(1) : IDS.slice(0, -1)));

describe("DuckDB over the files of a month", () => {
  let folder: string;
  let duckdb: DuckDbFile;
  const expected = monthLines(DAYS);
  beforeAll(async () => {
    const bucket = new MemoryBucket();
    await buildMonth(bucket, await writeDays(bucket, DAYS), 5_000);
    folder = await mkdtemp(join(tmpdir(), "month-file-"));
    for (const [key, { bytes }] of bucket.objects) {
      await mkdir(dirname(join(folder, key)), { recursive: true });
      await writeFile(join(folder, key), bytes);
    }
    duckdb = await DuckDbFile.open();
    await duckdb.replace(bucket.stored(KEY).bytes);
  });
  afterAll(async () => {
    await duckdb.close();
    await rm(folder, { recursive: true });
  });

  it.for(["timeseries/*/*/*.parquet", "timeseries/*/*/*/*.parquet"])("sees each sample once by %s", async (pattern) => {
    const lines = await duckdb.sampleLines(
      `read_parquet('${join(folder, pattern)}') ORDER BY encode(point_name), timestamp`,
    );
    expect(lines).toHaveLength(expected.length);
    expect(lines).toEqual(expected);
  });

  it("finds the month file's rows in the order of points and times", async () => {
    expect(await duckdb.sampleLines()).toEqual(expected);
  });

  it("prunes row groups by their statistics", async () => {
    const groups = await duckdb.rows(
      `SELECT row_group_id AS id, stats_min_value AS least, stats_max_value AS most
       FROM parquet_metadata($file) WHERE path_in_schema = 'point_name' ORDER BY id`,
    );
    // Twenty points of an even pace have one row group each, and the others share four. A part ends within one of them.
    expect(groups).toHaveLength(25);
    expect(groups.filter(({ least, most }) => least === most)).toHaveLength(20);
    const { name } = dayOf(0, [33]).points[0]!;
    const own = await duckdb.rows(
      `SELECT row_group_num_rows AS n FROM parquet_metadata($file)
       WHERE path_in_schema = 'point_name' AND '${name}' BETWEEN stats_min_value AND stats_max_value`,
    );
    expect(own).toEqual([{ n: 600n }]);
    const ends = await duckdb.rows(
      `SELECT left(min(stats_min_value), 10) AS first, left(max(stats_max_value), 10) AS last FROM parquet_metadata($file)
       WHERE path_in_schema = 'timestamp'`,
    );
    expect(ends).toEqual([{ first: "2025-10-01", last: "2025-10-31" }]);
    const plan = await duckdb.rows(
      `EXPLAIN ANALYZE SELECT sum(value) FROM read_parquet($file) WHERE point_name = '${name}'`,
    );
    expect(JSON.stringify(plan)).toContain("600 rows");
  });

  it("states the month and the days of its contents", async () => {
    const about = await duckdb.rows("SELECT decode(key) AS k, decode(value) AS v FROM parquet_kv_metadata($file)");
    const values = new Map(about.map(({ k, v }) => [k, z.string().parse(v)]));
    expect(values.get("building_vitals.month")).toBe("2025-10");
    expect(values.has("building_vitals.day")).toBe(false);
    const days = z.array(z.string().nullable()).parse(JSON.parse(values.get("building_vitals.days")!));
    expect(days.flatMap((etag, index) => (etag === null ? [] : [index]))).toEqual([0, 1, 2, 5, 17, 30]);
    expect(days).toHaveLength(31);
    expect(values.get("building_vitals.row_count")).toBe(String(expected.length));
  });
});
