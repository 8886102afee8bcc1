import { tableFromIPC } from "apache-arrow";
import { beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { parseCsv } from "./parse-csv.ts";
import {
  call,
  migrate,
  point,
  queryJson,
  queryRows,
  SITE,
  storePoints,
  storeSamples,
  timeseriesPath,
} from "./service.ts";

const START = Date.UTC(2025, 9, 12);
const range = { site_name: SITE, start_time: START, end_time: START + 60_000, interval: "raw" };
const asked = { ...range, point_names: '["gone, 温度","a","b","gone, 温度","nowhere"]' };
const UNKNOWN = ["gone, 温度", "nowhere"];

beforeAll(async () => {
  await migrate();
  const ids = await storePoints(SITE, [point("a"), point("b")]);
  await storeSamples(ids.map((id, i) => [id, START, i]));
});

test("json: the known points are answered, the unknown ones listed", async () => {
  const { series, metadata } = await queryJson(asked);
  expect(series.map(({ point_name, values }) => [point_name, ...values])).toEqual([
    ["a", 0],
    ["b", 1],
  ]);
  expect(metadata.unknown_points).toEqual(UNKNOWN);
});

test("rows", async () => {
  const { samples, metadata } = await queryRows(asked);
  expect(samples.map(({ point_name }) => point_name)).toEqual(["a", "b"]);
  expect(metadata.unknown_points).toEqual(UNKNOWN);
});

test("csv: in the header, in ASCII", async () => {
  const response = await call(timeseriesPath({ ...asked, format: "csv" }));
  const header = response.headers.get("query-metadata") ?? "";
  expect(header).toMatch(/^[ -~]+$/);
  expect(JSON.parse(header)).toMatchObject({ unknown_points: UNKNOWN, unknown_points_total: 2 });
  expect(parseCsv(await response.text()).length).toBe(3);
});

test("csv: the header has the first 20 unknown points and their number", async () => {
  const many = Array.from({ length: 99 }, (_, i) => `gone ${i}`);
  const path = timeseriesPath({ ...range, point_names: JSON.stringify(["a", ...many]), format: "csv" });
  const header = JSON.parse((await call(path)).headers.get("query-metadata") ?? "{}");
  expect(header).toMatchObject({ unknown_points: many.slice(0, 20), unknown_points_total: 99 });
});

test("arrow: in the schema's metadata", async () => {
  const response = await call(timeseriesPath({ ...asked, format: "arrow" }));
  const table = tableFromIPC(new Uint8Array(await response.arrayBuffer()));
  expect(JSON.parse(table.schema.metadata.get("metadata") ?? "{}")).toMatchObject({ unknown_points: UNKNOWN });
  expect(table.numRows).toBe(2);
});

test.each(["latest?", "quality?start=2025-10-12&end=2025-10-13&", "coverage?start=2025-10-12&end=2025-10-13&"])(
  "/%s lists them too",
  async (path) => {
    const names = encodeURIComponent('["b","nowhere"]');
    const answer: unknown = await (await call(`/sites/${SITE}/${path}points=${names}`)).json();
    expect(z.object({ unknown_points: z.array(z.string()) }).parse(answer).unknown_points).toEqual(["nowhere"]);
    // A point without a judged day is not in the quality answer.
    if (!path.startsWith("quality")) expect(answer).toMatchObject({ points: [{ name: "b" }] });
  },
);

test("a new point of that name changes the ETag", async () => {
  const path = timeseriesPath({ ...range, point_names: "a,new" });
  const before = (await call(path)).headers.get("etag");
  expect((await call(timeseriesPath({ ...range, point_names: "a,new,newer" }))).headers.get("etag")).not.toBe(before);
  await storePoints(SITE, [point("a"), point("b"), point("new")]);
  const after = await call(path, {}, { "if-none-match": before ?? "" });
  expect([after.status, after.headers.get("etag") === before]).toEqual([200, false]);
});
