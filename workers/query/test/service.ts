import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { loadCatalog } from "@building-vitals/core/catalog/catalog";
import { replaceCatalog } from "@building-vitals/core/catalog/replace-catalog";
import type { PointDescription } from "@building-vitals/core/domain/point";
import { upsertSamples } from "@building-vitals/core/test/store";
import { endWindow } from "@building-vitals/core/sync/sync-state";
import { migratedDatabase } from "@building-vitals/core/test/database";
import { described, newSite, pointSamples } from "@building-vitals/core/test/points";
import { z } from "zod";
import worker from "../src/index.ts";

export const ADMIN_TOKEN = "the-admin-token-of-tests";
export const SITE = "falls_city";
/** A site in another zone, whose name must be escaped in an address. */
export const OTHER_SITE = "göteborg/north 1";
export const SITES = JSON.stringify([
  { name: SITE, timezone: "America/Chicago" },
  { name: OTHER_SITE, timezone: "Europe/Berlin" },
]);

/** The settings that the Worker needs. */
export const BINDINGS = { DB: env.DB, TIMESERIES: env.TIMESERIES, SITES, ADMIN_TOKEN };

export async function migrate(): Promise<void> {
  await migratedDatabase();
}

/** Calls the Worker as the platform does. */
export async function call(
  path: string,
  settings: Record<string, unknown> = {},
  headers: Record<string, string> = {},
  method = "GET",
  body: string | null = null,
): Promise<Response> {
  const request = new Request<unknown, IncomingRequestCfProperties>(`https://query.test${path}`, {
    headers,
    method,
    body,
  });
  return worker.fetch(request, { ...BINDINGS, ...settings }, createExecutionContext());
}

/** The address of a query. A list becomes a repeated parameter. */
export type Parameters = Record<string, string | number | readonly string[]>;

export function timeseriesPath(parameters: Parameters): string {
  const pairs = Object.entries(parameters).flatMap(([name, value]) =>
    (typeof value === "object" ? value : [String(value)]).map((one) => [name, one]),
  );
  return `/timeseries/query?${new URLSearchParams(pairs).toString()}`;
}

const numbers = z.array(z.number());
const numbersOrNone = z.array(z.number().nullable());
const flags = z.array(z.literal([0, 1]));
export const metadataSchema = z.strictObject({
  start_time: z.int(),
  end_time: z.int(),
  interval: z.string(),
  computed_from: z.enum(["hours", "samples"]),
  total_samples: z.int(),
  sources: z.array(z.string()),
  storage_tiers: z.strictObject({
    hot: z.strictObject({ samples: z.int(), statements: z.int(), rows_read: z.int() }),
    cold: z.strictObject({ samples: z.int(), files: z.int(), requests: z.int(), bytes: z.int() }),
  }),
  completeness: z.number().nullable(),
  unknown: z.array(z.tuple([z.int(), z.int()])),
  unjudged_points: z.array(z.string()),
  missing: z.array(z.tuple([z.int(), z.int()])),
  pending: z.tuple([z.int(), z.int()]).nullable(),
  downsampled: z.strictObject({ method: z.literal("minmax-lttb"), from: z.int(), to: z.int() }).nullable(),
  fill: z.enum(["none", "null", "locf", "linear"]),
  units: z.enum(["source", "metric", "imperial"]),
  unit_changes: z.array(
    z.strictObject({
      point_name: z.string(),
      start: z.int(),
      end: z.int(),
      unit: z.string().nullable(),
      converted: z.boolean(),
    }),
  ),
  unknown_points: z.array(z.string()),
  partial: z.boolean(),
  cache_hit: z.boolean(),
  query_time_ms: z.number(),
});
const jsonSchema = z.strictObject({
  site_name: z.string(),
  interval: z.string(),
  series: z.array(
    z.strictObject({
      point_name: z.string(),
      unit: z.string().nullable(),
      agg: z.string().optional(),
      quantity: z.string().optional(),
      timestamps: numbers,
      values: numbersOrNone,
      p50: numbersOrNone.optional(),
      min: numbersOrNone.optional(),
      max: numbersOrNone.optional(),
      count: numbers.optional(),
      filled: flags.optional(),
    }),
  ),
  metadata: metadataSchema,
});
const rowsSchema = z.strictObject({
  site_name: z.string(),
  samples: z.array(
    z.strictObject({
      point_name: z.string(),
      timestamp: z.int(),
      value: z.number().nullable(),
      filled: z.literal([0, 1]).optional(),
    }),
  ),
  metadata: metadataSchema,
});

async function answerOf(parameters: Parameters, settings?: Record<string, unknown>): Promise<unknown> {
  const response = await call(timeseriesPath(parameters), settings);
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${response.status}: ${text}`);
  return JSON.parse(text);
}

/** Sends a body to `POST /timeseries/query`. */
export async function post(
  body: unknown,
  settings?: Record<string, unknown>,
  headers?: Record<string, string>,
): Promise<Response> {
  return call("/timeseries/query", settings, headers, "POST", typeof body === "string" ? body : JSON.stringify(body));
}

export async function postJson(body: unknown, settings?: Record<string, unknown>): Promise<z.infer<typeof jsonSchema>> {
  const response = await post(body, settings);
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${response.status}: ${text}`);
  return jsonSchema.parse(JSON.parse(text));
}

/** @param settings override those of the tests */
export async function queryJson(
  parameters: Parameters,
  settings?: Record<string, unknown>,
): Promise<z.infer<typeof jsonSchema>> {
  return jsonSchema.parse(await answerOf(parameters, settings));
}

export async function queryRows(parameters: Parameters): Promise<z.infer<typeof rowsSchema>> {
  return rowsSchema.parse(await answerOf({ ...parameters, format: "rows" }));
}

export function point(name: string, rest: Partial<PointDescription> = {}): PointDescription {
  return described(name, { intervalS: 60, ...rest });
}

export async function siteId(site: string): Promise<number> {
  return newSite(env.DB, site);
}

/** Stores the points of a site. @returns their ids, in order */
export async function storePoints(site: string, points: readonly PointDescription[]): Promise<number[]> {
  const id = await siteId(site);
  await replaceCatalog(env.DB, id, await loadCatalog(env.DB, id), points, 0);
  const catalog = await loadCatalog(env.DB, id);
  return points.map(({ name }) => catalog.get(name)!.id);
}

/** [point id, epoch ms, value] */
export type Sample = readonly [number, number, number];

export async function storeSamples(samples: readonly Sample[]): Promise<void> {
  await upsertSamples(env.DB, pointSamples(samples));
}

export async function clear(): Promise<void> {
  await env.DB.batch(
    [
      "segments",
      "damaged_segments",
      "block_latest",
      "hot_hours",
      "sync_state",
      "quality_days",
      "block_days",
      "late_samples",
      "past_meanings",
      "point_inquiries",
      "points",
      "gaps",
    ]
      .map((table) => `DELETE FROM ${table}`)
      .concat("UPDATE sites SET points_version = NULL")
      .map((sql) => env.DB.prepare(sql)),
  );
}

/** Sets the watermark of a site. */
export async function setWatermark(site: string, time: number): Promise<void> {
  const id = await siteId(site);
  await env.DB.prepare("DELETE FROM sync_state WHERE site_id = ?1").bind(id).run();
  await endWindow(env.DB, id, { range: { start: time - 1, end: time }, servedTo: time, newest: null }, time).run();
}

const problemSchema = z.strictObject({
  type: z.literal("about:blank"),
  title: z.string().min(1),
  status: z.int(),
  code: z.string(),
  detail: z.string(),
  field: z.string().optional(),
  matched: z.int().optional(),
});

/** The problem of an answer; throws if the answer is no problem. */
export async function problemOf(response: Response): Promise<z.infer<typeof problemSchema>> {
  const type = response.headers.get("content-type");
  const text = await response.text();
  if (type !== "application/problem+json") throw new Error(`${response.status} ${type}: ${text}`);
  const problem = problemSchema.parse(JSON.parse(text));
  if (problem.status !== response.status) throw new Error(`${problem.status} in a ${response.status}`);
  return problem;
}

/** Stores an open gap. @param pointId 0: the whole site @param end null: the gap is still open */
export async function storeGap(pointId: number, start: number, end: number | null): Promise<void> {
  const insert = `INSERT INTO gaps (site_id, start, point_id, end, state, cause, detected_at, next_attempt_at)
    VALUES (?1, ?2, ?3, ?4, 'open', 'unknown', 0, 0)`;
  await env.DB.prepare(insert)
    .bind(await siteId(SITE), start, pointId, end)
    .run();
}
