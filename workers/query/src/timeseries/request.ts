import { INTERVALS } from "@building-vitals/core/domain/interval";
import { Problem } from "@building-vitals/core/domain/problem";
import { timeZoneSchema } from "@building-vitals/core/domain/site";
import { timeRange, type TimeRange } from "@building-vitals/core/domain/time-range";
import { parseInput } from "@building-vitals/core/http/parse-body";
import { FILLS } from "@building-vitals/core/query/fill";
import { UNIT_SYSTEMS } from "@building-vitals/core/query/units";
import { z } from "zod";
import { one } from "../parameters.ts";
import { FORMATS } from "./respond.ts";

const EPOCH_MS = /^-?\d{1,15}$/;
const ISO_8601 = /^(\d{4}-\d{2}-\d{2})(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2}))?$/;

function parseTime(text: string): number {
  if (EPOCH_MS.test(text)) return Number(text);
  // An address that does not escape the + of an offset means a space.
  const iso = text.replace(" ", "+");
  const date = ISO_8601.exec(iso)?.[1];
  // Date.parse alone takes 30 February for 2 March.
  return z.iso.date().safeParse(date).success ? Date.parse(iso) : Number.NaN;
}

/** A time as ISO-8601 with an offset, a date (its midnight in UTC), or epoch milliseconds; in epoch milliseconds. */
const timeSchema = z.string("is missing").transform((text, context) => {
  const time = parseTime(text);
  if (Number.isSafeInteger(time)) return time;
  context.addIssue("must be ISO-8601 with Z or an offset, such as 2025-10-12T14:00:00Z, or epoch milliseconds");
  return z.NEVER;
});

const querySchema = z.strictObject({
  site_name: one(z.string("is missing").min(1)),
  point_names: z.array(z.string(), "is missing"),
  start_time: one(timeSchema),
  end_time: one(timeSchema),
  interval: one(z.enum([...INTERVALS, "auto"]).default("auto")),
  format: one(z.enum(FORMATS).default("json")),
  max_points: one(z.coerce.number().int().min(1).max(100_000).optional()),
  fill: one(z.enum(FILLS).default("none")),
  units: one(z.enum(UNIT_SYSTEMS).default("source")),
  tz: one(timeZoneSchema.optional()),
});

/** Points of a series that `auto` aims at where nothing else is asked for. */
const USUAL_POINTS = 2000;

export type TimeseriesRequest = Omit<z.output<typeof querySchema>, "start_time" | "end_time" | "max_points"> & {
  readonly range: TimeRange;
  /** `auto` takes the finest interval whose series have at most so many points */
  readonly maxPoints: number;
  /** raw series of more samples are thinned to so many; null: all samples were asked for */
  readonly thinTo: number | null;
};

/**
 * Reads what `GET /timeseries/query` was asked.
 * @param query the values of each parameter
 * @throws {Problem} `invalid_request`, naming the parameter
 */
export function parseTimeseriesRequest(query: Readonly<Record<string, string[]>>): TimeseriesRequest {
  const { start_time: start, end_time: end, max_points, ...rest } = parseInput(querySchema, query);
  if (start >= end) {
    const detail = `end_time: ${new Date(end).toISOString()} is not after start_time; the range is [start, end).`;
    throw new Problem("invalid_request", detail, "end_time");
  }
  if (rest.interval === "raw" && (rest.fill === "locf" || rest.fill === "linear")) {
    const detail = `fill=${rest.fill} is for buckets: ask for interval=1min or a coarser one, or for fill=null.`;
    throw new Problem("invalid_request", detail, "fill");
  }
  const maxPoints = max_points ?? USUAL_POINTS;
  const thinTo = rest.interval === "auto" || max_points !== undefined ? maxPoints : null;
  return { ...rest, range: timeRange(start, end), maxPoints, thinTo };
}
