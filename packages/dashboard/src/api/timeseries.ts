import * as z from "zod/mini";
import type { ChartSeries } from "../chart/series.ts";
import { ask } from "./ask.ts";

/** Tens of thousands of numbers, so they are checked in a plain loop. */
const numbers = z.custom<number[]>(
  (value) => Array.isArray(value) && value.every((item) => typeof item === "number"),
  "not a list of numbers",
);

/** null: no value, such as the mean of directions that cancel out. */
const numbersOrNone = z.custom<(number | null)[]>(
  (value) => Array.isArray(value) && value.every((item) => typeof item === "number" || item === null),
  "not a list of numbers and nulls",
);

const answerSchema = z.object({
  interval: z.string(),
  series: z.array(
    z.object({
      point_name: z.string(),
      unit: z.nullable(z.string()),
      timestamps: numbers,
      values: numbersOrNone,
      min: z.optional(numbers),
      max: z.optional(numbers),
      count: z.optional(numbers),
    }),
  ),
  metadata: z.object({
    computed_from: z.string(),
    total_samples: z.number(),
    sources: z.array(z.string()),
    completeness: z.nullable(z.number()),
    missing: z.array(z.tuple([z.number(), z.number()])),
    pending: z.nullable(z.tuple([z.number(), z.number()])),
    downsampled: z.nullable(z.object({ from: z.number(), to: z.number() })),
    unknown_points: z.array(z.string()),
    unjudged_points: z.array(z.string()),
    partial: z.boolean(),
    cache_hit: z.boolean(),
    query_time_ms: z.number(),
  }),
});

type AnsweredSeries = z.infer<typeof answerSchema>["series"][number];

/** The parameters of `/timeseries/query`. */
export interface TimeseriesQuery {
  readonly site: string;
  readonly points: readonly string[];
  /** [start, end), epoch ms */
  readonly start: number;
  readonly end: number;
  readonly units: string;
  /** enough samples or buckets per series; the API chooses the interval from it */
  readonly maxPoints: number;
}

export interface TimeseriesAnswer {
  readonly interval: string;
  readonly series: readonly ChartSeries[];
  readonly metadata: z.infer<typeof answerSchema>["metadata"];
}

const BUCKET_MS: Readonly<Record<string, number>> = {
  raw: 0,
  "1min": 60_000,
  "5min": 300_000,
  "1hr": 3_600_000,
  "1day": 86_400_000,
};

/** The path of a query, from `/`. @param overrides parameters that replace those of the query, such as a format */
export function timeseriesPath(query: TimeseriesQuery, overrides: Readonly<Record<string, string>> = {}): string {
  // A JSON array is unambiguous, even for names with commas.
  const params = new URLSearchParams({ site_name: query.site, point_names: JSON.stringify(query.points) });
  const iso = (time: number) => new Date(time).toISOString();
  const rest = {
    start_time: iso(query.start),
    end_time: iso(query.end),
    interval: "auto",
    max_points: String(query.maxPoints),
    ...(query.units === "source" ? {} : { units: query.units }),
    ...overrides,
  };
  for (const [name, value] of Object.entries(rest)) params.set(name, value);
  return `/timeseries/query?${params.toString()}`;
}

/**
 * Series in the order of the query's points; a point without samples has an empty one.
 * @param more as `overrides` of {@link timeseriesPath}
 */
export async function fetchTimeseries(
  query: TimeseriesQuery,
  signal: AbortSignal,
  more: Readonly<Record<string, string>> = {},
): Promise<TimeseriesAnswer> {
  const { interval, series, metadata } = await ask(timeseriesPath(query, more), answerSchema, { signal });
  const bucketMs = BUCKET_MS[interval] ?? 0;
  const byName = seriesByName(query.points, series, metadata.unknown_points);
  const ordered = query.points.map((name): ChartSeries => {
    const answered = byName.get(name);
    const found = answered === undefined ? undefined : withValues(answered);
    return {
      name,
      unit: found?.unit ?? null,
      times: found?.timestamps ?? [],
      values: found?.values ?? [],
      min: found?.min ?? null,
      max: found?.max ?? null,
      counts: found?.count ?? null,
      bucketMs,
    };
  });
  return { interval, series: ordered, metadata };
}

/**
 * The series by requested name. A point may be answered under another name, such as the history of the weather; these
 * series are in the order of the remaining names.
 * @param unknown names of no point
 */
export function seriesByName<T extends { readonly point_name: string }>(
  names: readonly string[],
  series: readonly T[],
  unknown: readonly string[],
): Map<string, T> {
  const byName = new Map(series.map((one) => [one.point_name, one]));
  const others = series.filter(({ point_name: name }) => !names.includes(name));
  const aliases = names.filter((name) => !byName.has(name) && !unknown.includes(name));
  // A point requested under two names is answered once, so the order does not help.
  if (aliases.length === others.length) aliases.forEach((name, i) => byName.set(name, others[i]!));
  return byName;
}

/** A series without its empty buckets. */
function withValues(series: AnsweredSeries): Omit<AnsweredSeries, "values"> & { readonly values: readonly number[] } {
  const { values, timestamps, min, max, count } = series;
  const found = values.flatMap((value) => value ?? []);
  if (found.length === values.length) return { ...series, values: found };
  const kept = (_: number, i: number) => values[i] !== null;
  return {
    ...series,
    values: found,
    timestamps: timestamps.filter(kept),
    min: min?.filter(kept),
    max: max?.filter(kept),
    count: count?.filter(kept),
  };
}
