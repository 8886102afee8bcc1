import { tableFromIPC } from "apache-arrow";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { parseCsv } from "./parse-csv.ts";
import {
  call,
  clear,
  metadataSchema,
  migrate,
  OTHER_SITE,
  type Parameters,
  point,
  queryJson,
  setWatermark,
  SITE,
  storePoints,
  storeSamples,
  timeseriesPath,
} from "./service.ts";

const START = Date.UTC(2025, 9, 12);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NAMES = ["plain", "a, b", 'say "hi"', "line\r\nbreak", "=HYPERLINK(1)", "ü 温度 😀", "empty"];
const DOUBLES = [-0, 0, 5e-324, Number.MAX_VALUE, 1e21, 25.517500000000002, -1.5];

beforeAll(migrate);
beforeEach(async () => {
  await clear();
  const ids = await storePoints(
    SITE,
    NAMES.map((name) => point(name, name === "plain" ? { unit: "°F", label: "Plain" } : { unit: null })),
  );
  // A sample a minute, except for half an hour. No other unit can hold the largest double.
  const valueOf = (p: number, value: number) => (p === 0 && value === Number.MAX_VALUE ? 72.5 : value);
  await storeSamples(
    ids
      .slice(0, -1)
      .flatMap((id, p) =>
        DOUBLES.map((value, i) => [id, START + (i < 4 ? i : i + 30) * MINUTE + p, valueOf(p, value)] as const),
      ),
  );
  await setWatermark(SITE, START + HOUR);
});

const all = { site_name: SITE, point_names: NAMES, start_time: START, end_time: START + HOUR };

async function answer(parameters: Parameters): Promise<Response> {
  const response = await call(timeseriesPath(parameters));
  if (response.status !== 200) throw new Error(await response.text());
  return response;
}

interface Row {
  readonly point_name: string;
  readonly timestamp: number;
  readonly value: number | null;
  readonly min: number | null | undefined;
  readonly max: number | null | undefined;
  readonly count: number | undefined;
  readonly filled: number | undefined;
}

/** The answer of `format=json` as rows ordered by name and time. */
async function rowsOfJson(parameters: Parameters): Promise<Row[]> {
  const { series } = await queryJson(parameters);
  const sorted = series.toSorted((a, b) => (a.point_name < b.point_name ? -1 : 1));
  return sorted.flatMap(({ point_name, timestamps, values, min, max, count, filled }) =>
    timestamps.map((timestamp, i) => ({
      point_name,
      timestamp,
      value: values[i]!,
      min: min?.[i],
      max: max?.[i],
      count: count?.[i],
      filled: filled?.[i],
    })),
  );
}

const QUESTIONS: [string, Parameters][] = [
  ["raw", { ...all, interval: "raw" }],
  ["raw, broken at gaps", { ...all, interval: "raw", fill: "null" }],
  ["raw, thinned", { ...all, interval: "raw", max_points: 4 }],
  ["raw, thinned and broken", { ...all, interval: "raw", max_points: 6, fill: "null" }],
  ["buckets", { ...all, interval: "5min" }],
  ["buckets with null", { ...all, interval: "5min", fill: "null" }],
  ["buckets, filled", { ...all, interval: "1min", fill: "linear" }],
  ["in metric units", { ...all, interval: "1min", units: "metric" }],
  ["no sample at all", { ...all, point_names: ["empty"], interval: "raw" }],
  ["no bucket at all", { ...all, point_names: ["empty"], interval: "1hr", fill: "locf" }],
];

describe("csv equals json", () => {
  const numberOf = (text: string | undefined) => (text === undefined ? undefined : text === "" ? null : Number(text));

  test.each(QUESTIONS)("%s", async (_name, question) => {
    const response = await answer({ ...question, format: "csv" });
    expect(response.headers.get("content-type")).toBe("text/csv; charset=utf-8; header=present");
    const [header, ...records] = parseCsv(await response.text());
    const place = (name: string) => header!.indexOf(name);
    const rows = records.map((record) => {
      const timestamp = Number(record[place("timestamp")]);
      expect(record.length).toBe(header!.length);
      expect(Date.parse(record[place("time")]!)).toBe(timestamp);
      expect(Date.parse(record[place("local_time")]!)).toBe(timestamp);
      return {
        point_name: record[place("point_name")]!.replace(/^'=/, "="),
        timestamp,
        value: numberOf(record[place("value")]),
        min: numberOf(record[place("min")]),
        max: numberOf(record[place("max")]),
        count: numberOf(record[place("count")]),
        filled: numberOf(record[place("filled")]),
      };
    });
    expect(rows).toEqual(await rowsOfJson(question));
  });

  test("the header, a row, and the response headers", async () => {
    const response = await answer({ ...all, point_names: ["plain", "=HYPERLINK(1)"], interval: "raw", format: "csv" });
    const name = "falls_city_20251012T000000Z_20251012T010000Z.csv";
    expect(response.headers.get("content-disposition")).toBe(
      `attachment; filename="${name}"; filename*=UTF-8''${name}`,
    );
    const { missing_total, unknown_points_total, unjudged_points_total, unit_changes_total, ...metadata } = JSON.parse(
      response.headers.get("query-metadata")!,
    );
    expect(metadataSchema.parse(metadata)).toMatchObject({ total_samples: 14, partial: false, units: "source" });
    const totals = [missing_total, unknown_points_total, unjudged_points_total, unit_changes_total];
    expect(totals).toEqual([metadata.missing.length, 0, 0, 0]);
    const lines = (await response.text()).split("\r\n");
    expect(lines[0]).toBe("point_name,label,timestamp,time,local_time,value,unit");
    expect(lines[1]).toBe(`'=HYPERLINK(1),,${START + 4},2025-10-12T00:00:00.004Z,2025-10-11T19:00:00.004-05:00,-0,`);
    expect(lines[8]).toBe(`plain,Plain,${START},2025-10-12T00:00:00.000Z,2025-10-11T19:00:00.000-05:00,-0,°F`);
    expect(lines.length).toBe(16);
  });

  test("a byte order mark on request, before the same bytes", async () => {
    const asked = { ...all, interval: "5min", format: "csv" };
    const bytes = async (parameters: Parameters) => new Uint8Array(await (await answer(parameters)).arrayBuffer());
    const [plain, marked] = [await bytes(asked), await bytes({ ...asked, bom: "true" })];
    expect(marked).toEqual(Uint8Array.of(0xef, 0xbb, 0xbf, ...plain));
  });

  test("layout=wide has each value of the long layout once, in the zone of tz", async () => {
    const asked = { ...all, point_names: NAMES.slice(0, 6), interval: "5min", format: "csv", tz: "Asia/Kathmandu" };
    const [head, ...rows] = parseCsv(await (await answer({ ...asked, layout: "wide" })).text());
    expect(head!.slice(0, 4)).toEqual(["start", "end", "local_start", "Plain [°F] avg"]);
    expect(rows[0]!.slice(0, 3)).toEqual([
      "2025-10-12T00:00:00.000Z",
      "2025-10-12T00:05:00.000Z",
      "2025-10-12T05:45:00.000+05:45",
    ]);
    const wide = rows.flatMap(([start, , , ...values]) =>
      values.flatMap((value) => (value === "" ? [] : [`${start} ${value}`])),
    );
    const [names, ...samples] = parseCsv(await (await answer(asked)).text());
    const long = samples.map((row) => `${row[names!.indexOf("time")]} ${row[names!.indexOf("value")]}`);
    expect(wide.toSorted()).toEqual(long.toSorted());
  });

  test.each([{ layout: "wide" }, { bom: "true" }])("%j needs format=csv", async (more) => {
    expect((await call(timeseriesPath({ ...all, ...more }))).status).toBe(400);
  });

  test("a file name has no slash: once in ASCII, once in UTF-8", async () => {
    await storePoints(OTHER_SITE, [point("there")]);
    const asked = { ...all, site_name: OTHER_SITE, point_names: "there", format: "csv" };
    expect((await answer(asked)).headers.get("content-disposition")).toBe(
      'attachment; filename="g_teborg_north_1_20251012T000000Z_20251012T010000Z.csv"; ' +
        "filename*=UTF-8''g%C3%B6teborg_north%201_20251012T000000Z_20251012T010000Z.csv",
    );
  });
});

describe("arrow, read by Apache Arrow's own library, equals json", () => {
  test.each(QUESTIONS)("%s", async (_name, question) => {
    const response = await answer({ ...question, format: "arrow" });
    expect(response.headers.get("content-type")).toBe("application/vnd.apache.arrow.stream");
    const table = tableFromIPC(new Uint8Array(await response.arrayBuffer()));
    const column = (name: string, i: number) => {
      const value: unknown = table.getChild(name)?.get(i);
      return z.number().nullish().parse(value);
    };
    const rows = Array.from({ length: table.numRows }, (_, i) => ({
      point_name: String(table.getChild("point_name")?.get(i)),
      timestamp: Number(column("timestamp", i)),
      value: column("value", i),
      min: column("min", i),
      max: column("max", i),
      count: column("count", i),
      filled: column("filled", i),
    }));
    expect(rows).toEqual(await rowsOfJson(question));
  });

  test("column types and schema metadata", async () => {
    const response = await answer({ ...all, interval: "1min", fill: "null", units: "metric", format: "arrow" });
    const { schema } = tableFromIPC(new Uint8Array(await response.arrayBuffer()));
    expect(schema.fields.map((field) => `${field.name}: ${String(field.type)}${field.nullable ? "?" : ""}`)).toEqual([
      "point_name: Dictionary<Int32, Utf8>",
      "timestamp: Timestamp<MILLISECOND, UTC>",
      "value: Float64?",
      "min: Float64?",
      "max: Float64?",
      "count: Int32",
      "filled: Uint8",
    ]);
    expect(schema.metadata.get("site_name")).toBe(SITE);
    const metadata = metadataSchema.parse(JSON.parse(schema.metadata.get("metadata")!));
    expect(metadata).toMatchObject({ fill: "null", units: "metric", total_samples: 42 });
    expect(JSON.parse(schema.metadata.get("units")!)).toMatchObject({ plain: "°C", empty: null });
  });
});
