import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { MINUTE } from "./naive.ts";
import {
  call,
  clear,
  migrate,
  OTHER_SITE,
  point,
  problemOf,
  queryJson,
  SITE,
  storePoints,
  storeSamples,
  timeseriesPath,
} from "./service.ts";

const START = Date.UTC(2025, 9, 12);
const RANGE = { start_time: START, end_time: START + 10 * MINUTE, interval: "raw" };
/** More than a query may have. */
const MANY = 120;

beforeAll(async () => {
  await migrate();
  await clear();
  const tagged = (name: string, equip: string, markers: string[]) => point(name, { tags: { kv: { equip }, markers } });
  const ids = await storePoints(SITE, [
    tagged("ahu1/ZoneTemp", "AHU 1", ["zone", "temp"]),
    tagged("ahu1/ZoneTempSp", "AHU 1", ["zone", "temp", "sp"]),
    tagged("ahu2/ZoneTemp", "AHU 2", ["zone", "temp"]),
    ...Array.from({ length: MANY }, (_, i) => point(`many ${i}`)),
  ]);
  await storeSamples(ids.slice(0, 3).map((id, i) => [id, START + i * MINUTE, i]));
});

const latestSchema = z.looseObject({ points: z.array(z.looseObject({ name: z.string() })) });
async function namesOf(path: string): Promise<string[]> {
  const response = await call(path);
  expect(response.status).toBe(200);
  return latestSchema.parse(await response.json()).points.map(({ name }) => name);
}
const asked = (parameters: Record<string, string>) => new URLSearchParams(parameters).toString();

describe.each(["points", "latest"])("/%s", (route) => {
  test.each<[Record<string, string>, string[]]>([
    [{ filter: 'temp and equip=="AHU 1"' }, ["ahu1/ZoneTemp", "ahu1/ZoneTempSp"]],
    [{ filter: "temp and not sp" }, ["ahu1/ZoneTemp", "ahu2/ZoneTemp"]],
    [{ filter: "temp", search: "zone ahu-2" }, ["ahu2/ZoneTemp"]],
    [{ search: "zonetemp setpoint" }, ["ahu1/ZoneTempSp"]],
    [{ filter: "nowhere" }, []],
  ])("finds the points of %j", async (parameters, found) => {
    expect(await namesOf(`/sites/${SITE}/${route}?${asked(parameters)}`)).toEqual(found);
  });

  test.each<[string, string]>([
    ["equipRef == @a", "unsupported_filter"],
    ["siteRef->geoCity", "unsupported_filter"],
    ["temp and", "invalid_request"],
    ["", "invalid_request"],
  ])("refuses the filter %j as %s", async (filter, code) => {
    const problem = await problemOf(await call(`/sites/${SITE}/${route}?${asked({ filter })}`));
    expect(problem).toMatchObject({ status: 400, code, field: "filter" });
  });
});

test("/latest: the ETag is of the filter and of what it matches", async () => {
  const etag = async (filter: string) => (await call(`/sites/${SITE}/latest?${asked({ filter })}`)).headers.get("etag");
  expect(await etag("temp")).not.toBe(await etag("temp and not sp"));
  expect(await etag("temp")).toBe(await etag("temp"));
});

test("a query answers the series of the points that a filter or search finds", async () => {
  const names = async (parameters: Record<string, string>) => {
    const { series, metadata } = await queryJson({ site_name: SITE, ...RANGE, ...parameters });
    return [series.map(({ point_name: name, values }) => [name, ...values]), metadata.total_samples];
  };
  expect(await names({ filter: "zone and not sp" })).toEqual([
    [
      ["ahu1/ZoneTemp", 0],
      ["ahu2/ZoneTemp", 2],
    ],
    2,
  ]);
  expect(await names({ search: "ahu1", filter: "zone" })).toEqual([
    [
      ["ahu1/ZoneTemp", 0],
      ["ahu1/ZoneTempSp", 1],
    ],
    2,
  ]);
  expect(await names({ filter: "nowhere" })).toEqual([[], 0]);
});

test.each(["json", "rows", "csv", "arrow"])("a query that finds no point is empty as %s", async (format) => {
  for (const interval of ["raw", "1hr", "auto"]) {
    for (const site_name of [SITE, OTHER_SITE]) {
      const path = timeseriesPath({ site_name, ...RANGE, interval, format, filter: "nowhere" });
      expect((await call(path)).status, path).toBe(200);
    }
  }
});

test("a query of over 100 points says how many match", async () => {
  const problem = await problemOf(await call(timeseriesPath({ site_name: SITE, ...RANGE, search: "many" })));
  expect(problem).toMatchObject({ status: 400, code: "too_many_points", field: "search", matched: MANY });
  const filtered = timeseriesPath({ site_name: SITE, ...RANGE, filter: "not nowhere" });
  expect(await problemOf(await call(filtered))).toMatchObject({ field: "filter", matched: MANY + 3 });
});

test.each([
  ["neither names nor a filter", timeseriesPath({ site_name: SITE, ...RANGE }), "point_names"],
  [
    "names beside a filter",
    timeseriesPath({ site_name: SITE, ...RANGE, point_names: "a", filter: "b" }),
    "point_names",
  ],
  ["names beside a search", `/sites/${SITE}/latest?points=a&search=b`, "points"],
])("%s is refused", async (_, path, field) => {
  expect(await problemOf(await call(path))).toMatchObject({ status: 400, code: "invalid_request", field });
});

test("/equipment lists what filters call equip", async () => {
  const schema = z.strictObject({
    equipment: z.array(
      z.strictObject({
        id: z.string(),
        name: z.string(),
        parent: z.string().nullable(),
        source: z.string(),
        points: z.int(),
      }),
    ),
  });
  const response = await call(`/sites/${SITE}/equipment`);
  const { equipment } = schema.parse(await response.json());
  expect(equipment).toEqual([
    { id: "tag:AHU 1", name: "AHU 1", parent: null, source: "tag", points: 2 },
    { id: "tag:AHU 2", name: "AHU 2", parent: null, source: "tag", points: 1 },
  ]);
  for (const { id, points } of equipment) {
    expect(await namesOf(`/sites/${SITE}/points?${asked({ filter: `equip==${JSON.stringify(id)}` })}`)).toHaveLength(
      points,
    );
  }
});

test("/tags counts the points of each tag, and names it for filters", async () => {
  const schema = z.strictObject({
    tags: z.array(
      z.strictObject({
        name: z.string(),
        filter_name: z.string(),
        count: z.int(),
        markers: z.int(),
        texts: z.int(),
      }),
    ),
  });
  const { tags } = schema.parse(await (await call(`/sites/${SITE}/tags`)).json());
  expect(tags).toEqual([
    { name: "equip", filter_name: "equipTag", count: 3, markers: 0, texts: 3 },
    { name: "sp", filter_name: "sp", count: 1, markers: 1, texts: 0 },
    { name: "temp", filter_name: "temp", count: 3, markers: 3, texts: 0 },
    { name: "zone", filter_name: "zone", count: 3, markers: 3, texts: 0 },
  ]);
  for (const { filter_name: filter, count } of tags) {
    expect(await namesOf(`/sites/${SITE}/points?${asked({ filter })}`)).toHaveLength(count);
  }
});

test.each(["equipment", "tags"])(
  "/%s has an ETag of the catalogue, and is empty for a site without points",
  async (route) => {
    const etag = (await call(`/sites/${SITE}/${route}`)).headers.get("etag")!;
    expect((await call(`/sites/${SITE}/${route}`, {}, { "if-none-match": etag })).status).toBe(304);
    expect(await (await call(`/sites/${encodeURIComponent(OTHER_SITE)}/${route}`)).json()).toEqual({ [route]: [] });
    expect(await problemOf(await call(`/sites/nowhere/${route}`))).toMatchObject({ code: "unknown_site" });
  },
);
