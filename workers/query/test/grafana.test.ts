import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import json from "../../../docs/grafana/dashboard.json" with { type: "json" };
import { call, migrate, OTHER_SITE, point, type Sample, setWatermark, storePoints, storeSamples } from "./service.ts";

/** An Infinity query: an address with parameters, and the columns that it selects from the answer. */
const querySchema = z.object({
  type: z.literal("json"),
  source: z.literal("url"),
  parser: z.literal("backend"),
  format: z.literal("table"),
  url: z.string().startsWith("/"),
  url_options: z.object({
    method: z.literal("GET"),
    params: z.array(z.object({ key: z.string(), value: z.string() })),
  }),
  root_selector: z.string(),
  columns: z
    .array(z.object({ selector: z.string(), text: z.string(), type: z.enum(["string", "number", "timestamp_epoch"]) }))
    .min(1),
});
type Query = z.infer<typeof querySchema>;

const datasourceSchema = z.object({
  type: z.literal("yesoreyeram-infinity-datasource"),
  uid: z.literal("${datasource}"),
});
const variableSchema = z.union([
  z.object({
    type: z.literal("query"),
    name: z.string(),
    datasource: datasourceSchema,
    query: z.object({ queryType: z.literal("infinity"), infinityQuery: querySchema }),
  }),
  z.object({
    type: z.enum(["datasource", "textbox", "custom"]),
    name: z.string(),
    current: z.object({ value: z.string().optional() }),
  }),
]);
const dashboard = z
  .object({
    id: z.null(),
    title: z.string().min(1),
    schemaVersion: z.int().min(36),
    panels: z.array(
      z.object({
        id: z.int(),
        type: z.enum(["timeseries", "table"]),
        title: z.string(),
        datasource: datasourceSchema,
        gridPos: z.object({ h: z.int(), w: z.int(), x: z.int(), y: z.int() }),
        targets: z.array(querySchema.extend({ refId: z.string(), datasource: datasourceSchema })).length(1),
      }),
    ),
    templating: z.object({ list: z.array(variableSchema) }),
  })
  .parse(json);

/**
 * Names with special characters of addresses, lists and JSON. The second name equals the second and third pieces of the
 * first.
 */
const NAMES = ["ses/50% + x&y=z#?, n", 'b, "q" \\', "ses/50% + x&y=z#?", "n"];
const FROM = Date.UTC(2025, 9, 12);
const MINUTE = 60_000;

beforeAll(async () => {
  await migrate();
  const ids = await storePoints(
    OTHER_SITE,
    NAMES.map((name) => point(name, { unit: "°F" })),
  );
  await storeSamples(
    ids.flatMap((id) => Array.from({ length: 90 }, (_, i): Sample => [id, FROM + (i < 45 ? i : i + 60) * MINUTE, i])),
  );
  await setWatermark(OTHER_SITE, FROM + 150 * MINUTE);
});

/** The variables' values. A multi-value variable has a list. `__from` and `__to` are epoch milliseconds. */
const values = new Map<string, string | readonly string[]>([
  ["site", OTHER_SITE],
  ["point", NAMES],
  ["__from", String(FROM)],
  ["__to", String(FROM + 150 * MINUTE)],
  ...dashboard.templating.list.flatMap((variable): [string, string][] =>
    variable.type === "custom" || variable.type === "textbox" ? [[variable.name, variable.current.value ?? ""]] : [],
  ),
]);

/**
 * Grafana's `formatVariableValue`: `json` leaves a text unchanged and writes a list as JSON; `csv` joins a list;
 * `percentencode` escapes all but letters, digits and `-_.~`.
 */
function interpolate(template: string): string {
  return template.replaceAll(/\$\{(\w+)(?::(\w+))?\}/g, (_all, name: string, format?: string) => {
    const value = values.get(name);
    if (value === undefined) throw new Error(`the dashboard has no variable ${name}`);
    if (typeof value === "string") return format === "percentencode" ? strictlyEncoded(value) : value;
    if (format === "json") return JSON.stringify(value);
    if (format === "csv") return value.join();
    throw new Error(`a list cannot be formatted as ${format}`);
  });
}

function strictlyEncoded(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (unit) => `%${unit.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Parameters as Infinity's `url.Values.Encode` writes them: sorted by key, a space as `+`. */
function encoded(parameters: readonly (readonly [string, string])[]): string {
  return parameters
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map((pair) => pair.map((text) => strictlyEncoded(text).replaceAll("%20", "+")).join("="))
    .join("&");
}

/** The rows that Infinity extracts from an answer. */
async function rowsOf({ url, url_options, root_selector }: Query): Promise<Record<string, unknown>[]> {
  const parameters = encoded(url_options.params.map(({ key, value }) => [key, interpolate(value)] as const));
  const response = await call(`${interpolate(url)}?${parameters}`);
  const body = z.record(z.string(), z.unknown()).parse(await response.json());
  if (response.status !== 200) throw new Error(JSON.stringify(body));
  const root = body[root_selector];
  return z.array(z.record(z.string(), z.unknown())).parse(Array.isArray(root) ? root : [root]);
}

const queries = [
  ...dashboard.panels.map(({ title, targets }) => [`panel ${title}`, targets[0]!] as const),
  ...dashboard.templating.list.flatMap((variable) =>
    variable.type === "query" ? [[`variable ${variable.name}`, variable.query.infinityQuery] as const] : [],
  ),
];

describe("each query of the dashboard gets rows with its columns", () => {
  test.each(queries)("%s", async (_name, query) => {
    const rows = await rowsOf(query);
    expect(rows.length).toBeGreaterThan(0);
    for (const { selector, type } of query.columns) {
      const column = rows.map((row) => row[selector]);
      const isOf = type === "string" ? ["string", "boolean"] : ["number"];
      expect(column.filter((value) => value !== null).length).toBeGreaterThan(0);
      // Some values may be null: the unit of a point, and the break of a line.
      expect(column.every((value) => value === null || isOf.includes(typeof value))).toBe(true);
    }
  });
});

test("point queries return exactly the points of the site, for any names", async () => {
  for (const { targets } of dashboard.panels.filter(({ title }) => title === "$site" || title === "Latest")) {
    const rows = await rowsOf(targets[0]!);
    const names = new Set(rows.map((row) => String(row["point_name"] ?? row["name"])));
    expect([...names].toSorted((a, b) => (a < b ? -1 : 1))).toEqual(NAMES.toSorted((a, b) => (a < b ? -1 : 1)));
  }
});

test("a single selected point needs no list", async () => {
  for (const name of NAMES.slice(1)) {
    values.set("point", name);
    expect((await rowsOf(dashboard.panels[2]!.targets[0]!)).map((row) => row["name"])).toEqual([name]);
  }
  values.set("point", NAMES);
});

test("the chart's lines break at the gap", async () => {
  const rows = await rowsOf(dashboard.panels[0]!.targets[0]!);
  expect(rows.filter(({ value }) => value === null)).toEqual(
    NAMES.toSorted((a, b) => (a < b ? -1 : 1)).map((name) => ({
      point_name: name,
      timestamp: FROM + (44 + 61 / 2) * MINUTE,
      value: null,
      filled: 1,
    })),
  );
});
