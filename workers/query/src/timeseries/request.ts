import { AGGS } from "@building-vitals/core/analysis/agg";
import { EDGES } from "@building-vitals/core/analysis/use";
import { INTERVAL_ALIASES, INTERVALS } from "@building-vitals/core/domain/interval";
import { Problem } from "@building-vitals/core/domain/problem";
import { timeZoneSchema } from "@building-vitals/core/domain/site";
import { parseBody, parseInput } from "@building-vitals/core/http/parse-body";
import { once, wholeNumber } from "@building-vitals/core/http/parameters";
import { timeSchema } from "@building-vitals/core/http/time-parameter";
import { type AskedTime, parseAskedTime } from "@building-vitals/core/query/asked-time";
import { FILLS } from "@building-vitals/core/query/fill";
import { UNIT_SYSTEMS } from "@building-vitals/core/query/units";
import { z } from "zod";
import { findParameters, isFinding, refuseNamesBesideFilter } from "../found-points.ts";
import { A_POINT_LIST } from "../point-names.ts";
import { FORMATS, LAYOUTS } from "./respond.ts";

const A_TIME =
  "ISO-8601 with Z or an offset, or without one in `tz`; epoch milliseconds; or relative, such as `now-7d`, `now-1M/M`: " +
  "units s m h d w M y, /u rounds down to the unit's start. `now` is the minute up to which the site's data is complete";

/** A time of the request. Its zone and the site's front are not known yet. */
const askedTimeSchema = z.string("is missing").transform((text, context): AskedTime => {
  const asked = parseAskedTime(text);
  if (asked !== null) return asked;
  const absolute = timeSchema.safeParse(text);
  if (absolute.success) return { kind: "absolute", time: absolute.data };
  const [issue] = absolute.error.issues;
  if (issue?.code === "custom" && issue.params !== undefined) {
    context.addIssue({ code: "custom", message: issue.message, params: issue.params });
  } else
    context.addIssue("must be ISO-8601, such as 2025-10-12T14:00:00Z, relative, such as now-7d, or epoch milliseconds");
  return z.NEVER;
});

const flagSchema = z.union([z.boolean(), z.enum(["true", "false"]).transform((text) => text === "true")]);

const NOW: AskedTime = { kind: "relative", steps: [] };

/** Values of several occurrences and of comma-separated lists. */
const aggsSchema = z
  .array(z.string())
  .transform((texts) => texts.flatMap((text) => text.split(",")).map((text) => text.trim()))
  .pipe(
    z
      .array(z.enum([...AGGS, "auto"]))
      .min(1)
      .max(AGGS.length),
  )
  .optional();

const onSchema = z
  .string()
  .transform((text) => text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part))))
  .pipe(z.array(z.number().finite()).min(1).max(100));

/** Lengths of the windows of `peak`: those by which utilities bill demand. */
const PEAK_WINDOWS = ["5min", "15min", "30min", "1hr"] as const;

export const querySchema = z.strictObject({
  site_name: once(z.string("is missing").min(1)),
  point_names: z
    .array(z.string())
    .optional()
    .meta({ description: `At most 100: ${A_POINT_LIST}. Needed unless filter or search find the points` }),
  ...findParameters,
  start_time: once(askedTimeSchema).meta({ description: A_TIME }),
  end_time: once(askedTimeSchema.optional()).meta({ description: "Exclusive, as start_time; default: `now`" }),
  interval: once(
    z.preprocess(
      (value) => (typeof value === "string" ? (INTERVAL_ALIASES[value] ?? value) : value),
      z.enum([...INTERVALS, "auto"]).default("auto"),
    ),
  ).meta({
    description:
      "`auto`: the finest of raw, 1min, 5min, 1hr, 1day that fits max_points and the limits. Weeks begin on Monday. " +
      "Grafana's names are accepted too: 1m, 5m, 15m, 30m, 1h, 1d, 1w, 1M",
  }),
  format: once(z.enum(FORMATS).default("json")).meta({ description: "`json`: columns" }),
  layout: once(z.enum(LAYOUTS).default("long")).meta({
    description: "Of CSV. `long`: a row per sample; `wide`: a row per time, a column per series",
  }),
  bom: once(flagSchema.default(false)).meta({ description: "Begins CSV with a byte order mark, for Excel" }),
  max_points: once(wholeNumber(1, 100_000).optional()).meta({
    description: "Per series; default for `auto`: 2,000. Longer raw series are thinned to this number",
  }),
  agg: aggsSchema.meta({
    description:
      "Aggregates of each bucket, comma-separated: the first is `values`, each further one a column of its name, then " +
      "`count`. `auto`: counters `delta`, consumption `sum`, states `last,duration_on`, else `avg`. Without `agg`: the " +
      "mean, with `min`, `max`, `count`. With it each series lists every bucket of the range",
  }),
  edges: once(z.enum(EDGES).default("strict")).meta({
    description:
      "Use of a counter from or to a moment inside a gap: `strict`: null, with `low` and `high`; `interpolate`: on the line " +
      "between the readings around the gap, flagged",
  }),
  on: once(onSchema.optional()).meta({
    description: "Values that `duration_on` counts, such as 2,3; default: all but 0",
  }),
  peak_window: once(z.enum(PEAK_WINDOWS).default("15min")).meta({ description: "Window of `peak`, clock-aligned" }),
  fill: once(z.enum(FILLS).default("none")).meta({ description: "Content of buckets without samples" }),
  units: once(z.enum(UNIT_SYSTEMS).default("source")).meta({ description: "`source`: the units of the points" }),
  tz: once(timeZoneSchema.optional()).meta({
    description: "IANA zone of buckets of 30min and longer; default: the site's",
  }),
});

/** Default target of `auto`, points per series. */
const USUAL_POINTS = 2000;

/** Bounds of a request's own buckets, such as the periods of a year's bills. */
const MIN_BOUNDS = 2;
const MAX_BOUNDS = 400;

const jsonTimeSchema = z.union([z.string(), z.int()], "is missing").transform(String).pipe(askedTimeSchema);

/** The body of `POST /timeseries/query`: the parameters of the address in JSON, and `bounds`. */
export const queryBodySchema = querySchema.extend({
  point_names: z
    .union([z.array(z.string().min(1)).min(1), z.string().min(1)], "must be a name or a list of names")
    // A name of the body is never split at its commas.
    .transform((names) => [JSON.stringify(typeof names === "string" ? [names] : names)])
    .optional()
    .meta({ description: "At most 100 names. A text is one name. Needed unless filter or search find the points" }),
  agg: z
    .union([z.array(z.string()), z.string()])
    .transform((names): string[] | undefined => [names].flat())
    .pipe(aggsSchema)
    .optional()
    .meta({ description: "As of GET: a list, or a text with commas" }),
  on: z
    .union([z.array(z.number()), z.number(), z.string()])
    .transform(String)
    .pipe(onSchema)
    .optional()
    .meta({ description: "As of GET: a list, a number, or a text with commas" }),
  start_time: jsonTimeSchema.optional().meta({ description: `Required without bounds. ${A_TIME}` }),
  end_time: jsonTimeSchema.optional().meta({ description: "Exclusive, as start_time; default: `now`" }),
  bounds: z
    .array(jsonTimeSchema)
    .min(MIN_BOUNDS, `must have ${MIN_BOUNDS} to ${MAX_BOUNDS} times`)
    .max(MAX_BOUNDS, `must have ${MIN_BOUNDS} to ${MAX_BOUNDS} times`)
    .optional()
    .meta({
      description:
        "Ascending times, as start_time: bucket i is [bounds[i], bounds[i + 1]). They replace start_time, end_time and " +
        "interval",
    }),
});

export type TimeseriesRequest = Omit<
  z.output<typeof querySchema>,
  "start_time" | "end_time" | "interval" | "max_points"
> & {
  /** start and end, or the bounds of own buckets */
  readonly times: readonly AskedTime[];
  readonly interval: z.output<typeof querySchema>["interval"] | "bounds";
  /** `auto` takes the finest interval with at most this many points per series */
  readonly maxPoints: number;
  /** longer raw series are thinned to this number; null: no thinning */
  readonly thinTo: number | null;
};

/**
 * Parses the parameters of `GET /timeseries/query`.
 * @param query the values of each parameter
 * @throws {Problem} `invalid_request` or `epoch_seconds`, naming the parameter
 */
export function parseTimeseriesRequest(query: Readonly<Record<string, string[]>>): TimeseriesRequest {
  const { start_time, end_time = NOW, ...rest } = parseInput(querySchema, query);
  return requestOf(rest, [start_time, end_time]);
}

/**
 * Parses the body of `POST /timeseries/query`.
 * @throws {Problem} `invalid_request` or `epoch_seconds`, naming the field; `body_too_large`
 */
export async function parseTimeseriesBody(request: Request): Promise<TimeseriesRequest> {
  const { start_time, end_time = NOW, bounds, ...rest } = await parseBody(request, queryBodySchema);
  if (bounds === undefined) {
    if (start_time === undefined) throw new Problem("invalid_request", "start_time: is missing", "start_time");
    return requestOf(rest, [start_time, end_time]);
  }
  if (start_time !== undefined || end_time !== NOW || rest.interval !== "auto") {
    throw new Problem("invalid_request", "bounds: replaces start_time, end_time and interval.", "bounds");
  }
  return requestOf({ ...rest, interval: "bounds" }, bounds);
}

function requestOf(
  asked: Omit<z.output<typeof querySchema>, "start_time" | "end_time" | "interval"> &
    Pick<TimeseriesRequest, "interval">,
  times: readonly AskedTime[],
): TimeseriesRequest {
  const { max_points, ...rest } = asked;
  refuseNamesBesideFilter(rest.point_names, rest, "point_names");
  if (rest.point_names === undefined && !isFinding(rest)) {
    throw new Problem("invalid_request", "point_names: is missing, and so are filter and search.", "point_names");
  }
  if (rest.interval === "raw" && (rest.fill === "locf" || rest.fill === "linear")) {
    const detail = `fill=${rest.fill} applies to buckets only: use interval=1min or coarser, or fill=null.`;
    throw new Problem("invalid_request", detail, "fill");
  }
  if (rest.agg !== undefined && rest.interval === "raw") {
    throw new Problem("invalid_request", "agg applies to buckets: use interval=1min or coarser, or auto.", "agg");
  }
  if (rest.agg !== undefined && rest.fill !== "none") {
    throw new Problem(
      "invalid_request",
      `fill=${rest.fill} does not apply to agg: its buckets are all listed.`,
      "fill",
    );
  }
  if (rest.format !== "csv" && (rest.layout !== "long" || rest.bom)) {
    const field = rest.bom ? "bom" : "layout";
    throw new Problem("invalid_request", `${field}: applies to format=csv only.`, field);
  }
  const maxPoints = max_points ?? USUAL_POINTS;
  const thinTo = rest.interval === "auto" || max_points !== undefined ? maxPoints : null;
  return { ...rest, times, maxPoints, thinTo };
}
