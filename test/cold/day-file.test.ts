import { buildingDay, forEachDay, TEST_SITE, TEST_START } from "@building-vitals/core/test/arbitrary-day";
import { readPoints, readPointsByFooter, scanDayFile } from "@building-vitals/core/parquet/file-reader";
import { readFooter } from "@building-vitals/core/parquet/footer";
import { MemoryBucket } from "@building-vitals/core/test/memory-bucket";
import type { NamedSeries } from "@building-vitals/core/parquet/row-group-writer";
import { linesOf, sampleLines, TEST_KEY, writeDay } from "@building-vitals/core/test/written-day";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DuckDbFile } from "./duckdb-file.ts";

let duckdb: DuckDbFile;
beforeAll(async () => {
  duckdb = await DuckDbFile.open();
});
afterAll(() => duckdb.close());

/** Checks that every way to read a file returns the written samples. */
async function expectAllReadersToAgree(points: NamedSeries[]): Promise<void> {
  const bucket = new MemoryBucket();
  const { written, file } = await writeDay(bucket, points);
  const expected = linesOf(points);
  await duckdb.replace(bucket.stored(TEST_KEY).bytes);
  expect(await duckdb.sampleLines()).toEqual(expected);
  const names = points.map(({ name }) => name);
  expect(written.points.map(({ name }) => name)).toEqual(names);
  expect(sampleLines(await readPoints(bucket, file, written.points))).toEqual(expected);
  const footer = await readFooter(bucket, { key: TEST_KEY, etag: null });
  expect(sampleLines(await readPointsByFooter(bucket, TEST_KEY, footer, names))).toEqual(expected);
  const scanned: [string, NamedSeries["series"]][] = [];
  const locators = [];
  for await (const { name, series, locator } of scanDayFile(bucket, file)) {
    scanned.push([name, series]);
    locators.push({ name, locator });
  }
  expect(sampleLines(scanned)).toEqual(expected);
  expect(locators).toEqual(written.points);
}

/** A point of `rows` samples, evenly over the day. */
function regularPoint(name: string, rows: number): NamedSeries {
  const step = Math.floor(86_400_000 / rows);
  const times = Float64Array.from({ length: rows }, (_, i) => TEST_START + i * step);
  return { name, series: { times, values: times.map((_, i) => Math.sin(i) * 1e9) } };
}

describe("a day file", () => {
  it("DuckDB, locators, the footer and a whole read give the written samples", async () => {
    await forEachDay(expectAllReadersToAgree, 100);
  });

  it.for([1, 2, 7, 31, 32, 33, 128, 129, 1_440, 100_000])("holds points of %i samples", async (rows) => {
    const points = [regularPoint("a", rows), regularPoint("b", 1), regularPoint("c", rows)];
    expect(linesOf(points)).toHaveLength(2 * rows + 1);
    await expectAllReadersToAgree(points);
  });

  it("gives a point of very many samples its own row group", async () => {
    const points = [regularPoint("a", 10), regularPoint("b", 200_000), regularPoint("c", 10), regularPoint("d", 10)];
    await expectAllReadersToAgree(points);
    const rows = await duckdb.rows(
      "SELECT DISTINCT row_group_id AS id, row_group_num_rows AS n FROM parquet_metadata($file) ORDER BY 1",
    );
    expect(rows.map(({ n }) => n)).toEqual([10n, 200_000n, 20n]);
  });

  it("states its columns, types, order and metadata to any tool", async () => {
    const bucket = new MemoryBucket();
    const { written } = await writeDay(bucket, buildingDay(20, 60));
    await duckdb.replace(bucket.stored(TEST_KEY).bytes);
    const columns = await duckdb.rows("DESCRIBE SELECT * FROM read_parquet($file)");
    expect(columns.map(({ column_name, column_type }) => [column_name, column_type])).toEqual([
      ["timestamp", "TIMESTAMP WITH TIME ZONE"],
      ["point_name", "VARCHAR"],
      ["value", "DOUBLE"],
      ["site_name", "VARCHAR"],
    ]);
    const schema = await duckdb.rows(
      `SELECT concat_ws(' ', name, type, repetition_type, logical_type) AS about
       FROM parquet_schema($file) WHERE type IS NOT NULL`,
    );
    expect(schema.map(({ about }) => about)).toEqual([
      "timestamp INT64 REQUIRED TimestampType(isAdjustedToUTC=1, unit=TimeUnit(MILLIS=MilliSeconds(), MICROS=<null>, NANOS=<null>))",
      "point_name BYTE_ARRAY REQUIRED StringType()",
      "value DOUBLE REQUIRED",
      "site_name BYTE_ARRAY REQUIRED StringType()",
    ]);
    const about = await duckdb.rows("SELECT decode(key) AS k, decode(value) AS v FROM parquet_kv_metadata($file)");
    expect(about.slice(0, 5).map(({ k, v }) => [k, v])).toEqual([
      ["building_vitals.format_version", "2"],
      ["building_vitals.site", TEST_SITE],
      ["building_vitals.day", "2025-10-12"],
      ["building_vitals.source", "api"],
      ["building_vitals.row_count", "1200"],
    ]);
    const [file] = await duckdb.rows("SELECT * FROM parquet_file_metadata($file)");
    expect(file).toMatchObject({ num_rows: 1_200n, num_row_groups: 2n });
    expect(written).toMatchObject({ rows: 1_200, rowGroups: 2 });
    const sites = await duckdb.rows("SELECT DISTINCT site_name FROM read_parquet($file)");
    expect(sites).toEqual([{ site_name: TEST_SITE }]);
  });

  it("row groups have full names in statistics, zstd, and fixed encodings", async () => {
    const bucket = new MemoryBucket();
    const { written } = await writeDay(bucket, buildingDay(20, 60));
    await duckdb.replace(bucket.stored(TEST_KEY).bytes);
    const chunks = await duckdb.rows("SELECT * FROM parquet_metadata($file) ORDER BY row_group_id, column_id");
    expect(chunks).toHaveLength(8);
    expect(new Set(chunks.map(({ compression }) => compression))).toEqual(new Set(["ZSTD"]));
    const names = chunks.filter(({ path_in_schema }) => path_in_schema === "point_name");
    expect(names.map(({ stats_min_value, stats_max_value }) => [stats_min_value, stats_max_value])).toEqual(
      [
        [0, 11],
        [12, 19],
      ].map((ends) => ends.map((i) => written.points[i]!.name)),
    );
    for (const { encodings } of names) expect(encodings).toBe("PLAIN, RLE_DICTIONARY");
    const times = chunks.filter(({ path_in_schema }) => path_in_schema === "timestamp");
    for (const chunk of times) {
      expect(chunk).toMatchObject({ encodings: "DELTA_BINARY_PACKED", stats_min_value: "2025-10-12 00:00:36.055+00" });
    }
  });
});
