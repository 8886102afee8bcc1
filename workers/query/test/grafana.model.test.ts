import { beforeAll, expect, test } from "vitest";
import { z } from "zod";
import json from "../../../docs/grafana/dashboard.json" with { type: "json" };
import { call, migrate, OTHER_SITE, point, storePoints, storeSamples } from "./service.ts";

// The parts of Grafana's dashboard model (schema version 36 and later) that the dashboard uses. grafana.test.ts tests
// the answers to its queries.

const columnSchema = z.object({ selector: z.string(), text: z.string() });
const panelSchema = z.object({
  id: z.int().positive(),
  type: z.string(),
  title: z.string().min(1),
  gridPos: z.object({ x: z.int().min(0), y: z.int().min(0), w: z.int().positive().max(24), h: z.int().positive() }),
  targets: z.array(z.object({ refId: z.string().regex(/^[A-Z]$/), columns: z.array(columnSchema) })),
  transformations: z
    .array(z.object({ id: z.string(), options: z.object({ fields: z.array(z.string()) }) }))
    .default([]),
  fieldConfig: z.object({
    overrides: z.array(z.object({ matcher: z.object({ id: z.literal("byName"), options: z.string() }) })),
  }),
});
const variableSchema = z.object({ name: z.string(), type: z.string() });
const customSchema = z.object({
  type: z.literal("custom"),
  name: z.string(),
  query: z.string(),
  current: z.object({ value: z.string() }),
  options: z.array(z.object({ selected: z.boolean(), text: z.string(), value: z.string() })),
});
const modelSchema = z.object({
  uid: z.string().regex(/^[\w-]{1,40}$/),
  id: z.null(),
  version: z.int(),
  time: z.object({ from: z.string().startsWith("now"), to: z.literal("now") }),
  panels: z.array(panelSchema).min(1),
  templating: z.object({ list: z.array(variableSchema) }),
  __requires: z.array(z.object({ type: z.enum(["grafana", "datasource", "panel"]), id: z.string() })),
});
const { __requires: requires, ...dashboard } = modelSchema.parse(json);
const { panels } = dashboard;
const variables = dashboard.templating.list;
const INFINITY = "yesoreyeram-infinity-datasource";

test("panels have distinct ids, fit into 24 columns and do not overlap", () => {
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  for (const { gridPos: a, id } of panels) {
    expect(a.x + a.w).toBeLessThanOrEqual(24);
    const over = panels.filter(
      ({ gridPos: b, id: other }) =>
        other !== id && a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h,
    );
    expect(over).toEqual([]);
  }
});

test("targets have distinct letters; panel options name existing columns", () => {
  for (const { targets, transformations, fieldConfig } of panels) {
    expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
    const columns = targets.flatMap((target) => target.columns.map(({ text }) => text));
    expect(new Set(columns).size).toBe(columns.length);
    const named = [
      ...transformations.flatMap(({ options }) => options.fields),
      ...fieldConfig.overrides.map(({ matcher }) => matcher.options),
    ];
    for (const name of named) expect(columns).toContain(name);
  }
});

test("all panels and queries use the data source variable and its plugin", () => {
  const source = z
    .object({ type: z.literal("datasource"), query: z.literal(INFINITY) })
    .parse(json.templating.list.find(({ name }) => name === "datasource"));
  expect(source.query).toBe(INFINITY);
  // Grafana resolves a variable after the variables listed before it
  expect(variables[0]?.name).toBe("datasource");
  const used = [...JSON.stringify(json).matchAll(/"datasource":\{"type":"([^"]+)","uid":"([^"]+)"\}/g)];
  expect(used.length).toBeGreaterThan(panels.length);
  for (const [, type, uid] of used) expect([type, uid]).toEqual([INFINITY, "${datasource}"]);
});

test("each used variable is defined, and each defined variable is used", () => {
  const names = variables.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  const text = JSON.stringify(json);
  const used = new Set([...text.matchAll(/\$\{?(\w+)/g)].map(([, name = ""]) => name));
  const own = ["__from", "__to", "__field"];
  for (const name of used) expect([...names, ...own]).toContain(name);
  for (const name of names) expect(used).toContain(name);
});

test("the import requires exactly the panels and the plugin in use", () => {
  const required = (type: string) => requires.filter((one) => one.type === type).map(({ id }) => id);
  expect(required("panel").sort()).toEqual([...new Set(panels.map(({ type }) => type))].sort());
  expect(required("datasource")).toEqual([INFINITY]);
  expect(required("grafana")).toEqual(["grafana"]);
});

const custom = json.templating.list.flatMap((variable) => customSchema.safeParse(variable).data ?? []);

test.each(custom.map((variable) => [variable.name, variable] as const))(
  "%s offers the values of its query and selects one",
  (_, { query, current, options }) => {
    expect(options.map(({ value }) => value)).toEqual(query.split(","));
    expect(options.filter(({ selected }) => selected).map(({ value }) => value)).toEqual([current.value]);
  },
);

beforeAll(async () => {
  await migrate();
  const [id] = await storePoints(OTHER_SITE, [point("ses/a", { unit: "°F" })]);
  await storeSamples([[id!, Date.UTC(2025, 9, 12), 1]]);
});

test.each(custom.flatMap(({ name, options }) => options.map(({ value }) => [name, value] as const)))(
  "the Worker accepts %s=%s",
  async (name, value) => {
    const parameters = new URLSearchParams({
      site_name: OTHER_SITE,
      point_names: "ses/a",
      start_time: String(Date.UTC(2025, 9, 12)),
      end_time: String(Date.UTC(2025, 9, 13)),
      format: "rows",
      [name]: value,
    });
    expect((await call(`/timeseries/query?${parameters.toString()}`)).status).toBe(200);
  },
);
