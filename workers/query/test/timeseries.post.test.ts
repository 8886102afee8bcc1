import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import {
  ADMIN_TOKEN,
  call,
  migrate,
  point,
  post,
  postJson,
  problemOf,
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
const DAY = 24 * HOUR;
const NAMES = ["a", "b", "a,b"];
const SAMPLES = Array.from(
  { length: 300 },
  (_, i) => [START + ((i * 7919) % 300) * 13 * MINUTE + (i % 7), i / 3] as const,
);
const EXAMPLE_SITE = "ses_falls_city";
const EXAMPLE_POINT = "ses/ses_falls_city/ahu1/MixedAirTemp";

beforeAll(async () => {
  await migrate();
  const ids = await storePoints(
    SITE,
    NAMES.map((name) => point(name, { unit: "°F" })),
  );
  await storeSamples(SAMPLES.flatMap(([time, value]) => ids.map((id, p) => [id, time, value + p] as const)));
  await setWatermark(SITE, START + 4 * DAY);
  await storePoints(EXAMPLE_SITE, [point(EXAMPLE_POINT)]);
});

const asked = { site_name: SITE, point_names: ["b"], start_time: START, end_time: START + DAY, interval: "1hr" };

test.each([
  ["all as text", { start_time: String(START), end_time: "2025-10-13T00:00:00Z", max_points: "50" }],
  ["numbers", { max_points: 50 }],
  ["a text of one name", { point_names: "b" }],
  ["relative times", { end_time: "now-3d" }],
  ["Grafana's interval", { interval: "1h" }],
  ["a list of aggregates", { agg: ["max", "p50"] }],
  ["a text of aggregates", { agg: "max,p50" }],
  ["a fill, units and a zone", { fill: "null", units: "metric", tz: "Asia/Kathmandu" }],
])("POST answers as GET does: %s", async (_, change) => {
  const body = { ...asked, ...change };
  const [posted, got] = [await postJson(body), await queryJson(body)];
  expect(posted.series[0]!.values.length).toBeGreaterThan(20);
  // The data centre may keep the answer of GET.
  const same = { query_time_ms: 0, cache_hit: false };
  expect({ ...posted, metadata: { ...posted.metadata, ...same } }).toEqual({
    ...got,
    metadata: { ...got.metadata, ...same },
  });
});

test("a name of the body is never split", async () => {
  expect((await call(timeseriesPath({ ...asked, point_names: "a,b" }))).status).toBe(400);
  for (const point_names of ["a,b", ["a,b"]]) {
    expect((await postJson({ ...asked, point_names })).series.map((one) => one.point_name)).toEqual(["a,b"]);
  }
  const many = await postJson({ ...asked, point_names: ["a,b", "a"] });
  expect(many.series.map((one) => one.point_name)).toEqual(["a,b", "a"]);
});

test("the answer has no ETag and is not stored, even if the client names one", async () => {
  const response = await post(asked, {}, { "if-none-match": "*" });
  expect(response.status).toBe(200);
  expect(response.headers.get("etag")).toBeNull();
  expect(response.headers.get("cache-control")).toBe("no-store");
  await response.text();
});

test("a format: CSV with its headers", async () => {
  const response = await post({ ...asked, format: "csv" });
  expect(response.headers.get("content-type")).toContain("text/csv");
  expect(await response.text()).toBe(await (await call(timeseriesPath({ ...asked, format: "csv" }))).text());
});

test("the read token is needed, not the admin's; nothing is audited", async () => {
  const settings = { QUERY_TOKEN: "the-read-token-of-the-tests" };
  const status = async (token: string) => {
    const response = await post(asked, settings, token === "" ? {} : { authorization: `Bearer ${token}` });
    await response.text();
    return response.status;
  };
  expect([await status(""), await status(ADMIN_TOKEN), await status(settings.QUERY_TOKEN)]).toEqual([401, 401, 200]);
  expect(await env.DB.prepare("SELECT count(*) AS n FROM audit").first()).toEqual({ n: 0 });
});

test.each<[string, unknown, number, string, string | undefined, RegExp]>([
  ["not JSON", "{", 400, "invalid_request", undefined, /not JSON/],
  ["a list", [], 400, "invalid_request", undefined, /object/],
  ["over 64 KB", { ...asked, site_name: "x".repeat(65_536) }, 413, "body_too_large", undefined, /65536/],
  ["an unknown field", { ...asked, resolution: 1 }, 400, "invalid_request", "resolution", /unknown/],
  ["no names", { ...asked, point_names: [] }, 400, "invalid_request", "point_names", /./],
  ["no start", { ...asked, start_time: undefined }, 400, "invalid_request", "start_time", /missing/],
  ["epoch seconds", { ...asked, start_time: START / 1000 }, 400, "epoch_seconds", "start_time", /seconds/],
  ["a fraction", { ...asked, start_time: START + 0.5 }, 400, "invalid_request", "start_time", /./],
  ["an unknown point", { ...asked, point_names: ["c"] }, 404, "unknown_point", "point_names", /"c"/],
  ["too many points a series", { ...asked, max_points: 100_001 }, 400, "invalid_request", "max_points", /100000/],
])("refused: %s", async (_, body, status, code, field, detail) => {
  const problem = await problemOf(await post(body));
  expect(problem).toMatchObject({ status, code, ...(field === undefined ? {} : { field }) });
  expect(problem.detail).toMatch(detail);
});

describe("bounds", () => {
  const own = { site_name: SITE, point_names: ["a"] };

  test.each<[string, Record<string, unknown>, string, RegExp]>([
    ["one bound", { bounds: [START] }, "bounds", /2 to 400/],
    ["401 bounds", { bounds: Array.from({ length: 401 }, (_, i) => START + i) }, "bounds", /2 to 400/],
    ["equal bounds", { bounds: [START, START + 1, START + 1] }, "bounds", /001Z is not after .*001Z; bounds ascend/],
    ["falling bounds", { bounds: [START, START - 1] }, "bounds", /not after/],
    ["an interval too", { bounds: [START, START + 1], interval: "1hr" }, "bounds", /replaces/],
    ["a start too", { bounds: [START, START + 1], start_time: START }, "bounds", /replaces/],
    ["an end too", { bounds: [START, START + 1], end_time: START }, "bounds", /replaces/],
    ["a bad time", { bounds: [START, "soon"] }, "bounds.1", /ISO-8601/],
  ])("refused: %s", async (_, change, field, detail) => {
    const problem = await problemOf(await post({ ...own, ...change }));
    expect(problem).toMatchObject({ status: 400, code: "invalid_request", field });
    expect(problem.detail).toMatch(detail);
  });

  test("over ten years are refused", async () => {
    const problem = await problemOf(await post({ ...own, bounds: ["2010-01-01", "2025-01-01"] }));
    expect(problem).toMatchObject({ status: 400, code: "span_too_long" });
    expect(problem.detail).toMatch(/^bounds take at most 3660 days/);
  });

  test("the address does not take them", async () => {
    const path = timeseriesPath({ ...asked, bounds: [String(START), String(START + 1)] });
    expect(await problemOf(await call(path))).toMatchObject({ status: 400, field: "bounds" });
  });

  test("the answer names them, and its range", async () => {
    const bounds = ["2025-10-12", "2025-10-12T20:30", "now-1d/d"];
    const { interval, metadata } = await postJson({ ...own, bounds, tz: "America/Chicago" });
    expect([interval, metadata.interval, metadata.computed_from]).toEqual(["bounds", "bounds", "samples"]);
    expect(new Date(metadata.start_time).toISOString()).toBe("2025-10-12T05:00:00.000Z");
    expect(new Date(metadata.end_time).toISOString()).toBe("2025-10-14T05:00:00.000Z");
  });

  test("aggregates of own buckets", async () => {
    const bounds = [START + 1, START + 5 * HOUR, START + 9 * HOUR + 1];
    const { series } = await postJson({ ...own, bounds, agg: ["max", "count"] });
    const expected = naive(bounds);
    expect(series[0]).toMatchObject({
      agg: "max",
      timestamps: bounds.slice(0, -1),
      values: expected.map(({ max }) => max),
      count: expected.map(({ count }) => count),
    });
  });

  /** The buckets by going through all samples for each. */
  function naive(bounds: readonly number[]) {
    return bounds.slice(1).flatMap((end, i) => {
      const start = bounds[i]!;
      const values = SAMPLES.filter(([time]) => time >= start && time < end).map(([, value]) => value);
      if (values.length === 0) return [];
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      return [{ start, mean, min: Math.min(...values), max: Math.max(...values), count: values.length }];
    });
  }

  test("each bucket holds the samples between two bounds", async () => {
    const hours = fc.uniqueArray(fc.integer({ min: -2, max: 75 }), { minLength: 2, maxLength: 12 });
    const anyTimes = fc.uniqueArray(fc.integer({ min: -HOUR, max: 75 * HOUR }), { minLength: 2, maxLength: 12 });
    const lists = fc.oneof(
      hours.map((all) => all.map((hour) => START + hour * HOUR)),
      anyTimes.map((all) => all.map((ms) => START + ms)),
    );
    await fc.assert(
      fc.asyncProperty(lists, async (list) => {
        const bounds = list.toSorted((a, b) => a - b);
        const { series, metadata } = await postJson({ ...own, bounds });
        const { timestamps, values, min, max, count } = series[0]!;
        const found = timestamps.map((start, i) => {
          return { start, mean: values[i]!, min: min![i]!, max: max![i]!, count: count![i]! };
        });
        const expected = naive(bounds);
        const round = (rows: typeof expected) => rows.map((row) => ({ ...row, mean: row.mean.toPrecision(12) }));
        expect(round(found)).toEqual(round(expected));
        expect(metadata.computed_from).toBe(bounds.every((bound) => bound % HOUR === 0) ? "hours" : "samples");
      }),
      { numRuns: 40 },
    );
  });
});

test("the examples of the OpenAPI document are answered", async () => {
  const settings = { SITES: JSON.stringify([{ name: EXAMPLE_SITE, timezone: "America/Chicago" }]) };
  const exampleSchema = z.object({
    get: z.object({ parameters: z.array(z.object({ name: z.string(), example: z.unknown().optional() })) }),
    post: z.object({
      requestBody: z.object({ content: z.object({ "application/json": z.object({ example: z.looseObject({}) }) }) }),
    }),
  });
  const document = z
    .object({ paths: z.object({ "/timeseries/query": exampleSchema }) })
    .parse(await (await call("/openapi.json", settings)).json());
  const { get, post: posted } = document.paths["/timeseries/query"];
  const parameters = get.parameters.flatMap(({ name, example }) =>
    example === undefined ? [] : [[name, z.union([z.string(), z.array(z.string())]).parse(example)] as const],
  );
  expect(parameters.map(([name]) => name)).toContain("point_names");
  const path = timeseriesPath(Object.fromEntries(parameters));
  expect((await call(path, settings)).status).toBe(200);
  const { example } = posted.requestBody.content["application/json"];
  expect((await postJson(example, settings)).interval).toBe("bounds");
});
