import { AGGS } from "@building-vitals/core/analysis/agg";
import { EDGES } from "@building-vitals/core/analysis/use";
import { INTERVAL_ALIASES, INTERVALS } from "@building-vitals/core/domain/interval";
import { Problem } from "@building-vitals/core/domain/problem";
import { timeZoneSchema } from "@building-vitals/core/domain/site";
import { parseInput } from "@building-vitals/core/http/parse-body";
import { once, wholeNumber } from "@building-vitals/core/http/parameters";
import { timeSchema } from "@building-vitals/core/http/time-parameter";
import { type AskedTime, parseAskedTime } from "@building-vitals/core/query/asked-time";
import { FILLS } from "@building-vitals/core/query/fill";
import { UNIT_SYSTEMS } from "@building-vitals/core/query/units";
import { z } from "zod";
import { findParameters, isFinding, refuseNamesBesideFilter } from "../found-points.ts";
import { A_POINT_LIST } from "../point-names.ts";
import { FORMATS } from "./respond.ts";

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

export type TimeseriesRequest = Omit<z.output<typeof querySchema>, "start_time" | "end_time" | "max_points"> & {
  /** start and end */
  readonly times: readonly [AskedTime, AskedTime];
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
  const { start_time: start, end_time: end = NOW, max_points, ...rest } = parseInput(querySchema, query);
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
  const maxPoints = max_points ?? USUAL_POINTS;
  const thinTo = rest.interval === "auto" || max_points !== undefined ? maxPoints : null;
  return { ...rest, times: [start, end], maxPoints, thinTo };
}
