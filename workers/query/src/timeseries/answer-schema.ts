import { QUANTITIES } from "@building-vitals/core/domain/quantity";
import { INTERVALS } from "@building-vitals/core/domain/interval";
import { FILLS } from "@building-vitals/core/query/fill";
import { UNIT_SYSTEMS } from "@building-vitals/core/query/units";
import { z } from "zod";
import { unknownPointsSchema } from "../point-names.ts";
import type { Metadata } from "./metadata.ts";

const time = z.int().meta({ description: "epoch milliseconds UTC" });
const span = z.tuple([time, time]);
const value = z.number().nullable();
const flag = z.literal([0, 1]);

/** Columns that an answer has if the aggregate was requested, or if the fact applies to it. */
const COLUMNS = [
  "avg",
  "min",
  "max",
  "sum",
  "first",
  "last",
  "delta",
  "rate",
  "integral",
  "peak",
  "twa",
  "duration_on",
  "p05",
  "p50",
  "p95",
  "low",
  "high",
  "at",
  "coverage",
] as const;

/** The optional columns of an answer, each in the shape that a format gives it. */
function columnsOf(shapes: { value: z.ZodType; count: z.ZodType; text: z.ZodType }) {
  const optional = shapes.value.optional();
  const values = Object.fromEntries(COLUMNS.map((name) => [name, optional]));
  return { ...values, count: shapes.count.optional(), flags: shapes.text.optional() };
}

const metadataSchema: z.ZodType<Metadata> = z.strictObject({
  start_time: time,
  end_time: time,
  interval: z.enum([...INTERVALS, "bounds"]),
  computed_from: z.enum(["hours", "samples"]),
  total_samples: z.int(),
  sources: z.array(z.enum(["D1", "R2"])),
  storage_tiers: z.strictObject({
    hot: z.strictObject({ samples: z.int(), statements: z.int(), rows_read: z.int() }),
    cold: z.strictObject({ samples: z.int(), files: z.int(), requests: z.int(), bytes: z.int() }),
  }),
  completeness: z.number().min(0).max(1).nullable(),
  unknown: z.array(span),
  unjudged_points: z.array(z.string()),
  missing: z.array(span),
  pending: span.nullable(),
  downsampled: z.strictObject({ method: z.literal("minmax-lttb"), from: z.int(), to: z.int() }).nullable(),
  fill: z.enum(FILLS),
  units: z.enum(UNIT_SYSTEMS),
  unit_changes: z.array(
    z.strictObject({
      point_name: z.string(),
      start: time,
      end: time,
      unit: z.string().nullable(),
      converted: z.boolean(),
    }),
  ),
  unknown_points: unknownPointsSchema,
  partial: z.boolean(),
  cache_hit: z.boolean(),
  query_time_ms: z.number(),
});

/**
 * `format=json`. The columns have equal lengths. `values` holds the aggregate `agg`. `min`, `max` and `count` are present if samples
 * were aggregated.
 */
export const columnsSchema = z.strictObject({
  site_name: z.string(),
  interval: z.enum([...INTERVALS, "bounds"]),
  series: z.array(
    z.strictObject({
      point_name: z.string(),
      unit: z.string().nullable(),
      agg: z.string().optional(),
      quantity: z.enum(QUANTITIES).optional(),
      total: value.optional(),
      total_low: value.optional(),
      total_high: value.optional(),
      timestamps: z.array(time),
      values: z.array(value),
      ...columnsOf({ value: z.array(value), count: z.array(z.int()), text: z.array(z.string()) }),
      filled: z.array(flag).optional(),
    }),
  ),
  metadata: metadataSchema,
});

/** `format=rows`. */
export const rowsSchema = z.strictObject({
  site_name: z.string(),
  samples: z.array(
    z.strictObject({
      point_name: z.string(),
      timestamp: time,
      value,
      ...columnsOf({ value, count: z.int(), text: z.string() }),
      filled: flag.optional(),
    }),
  ),
  metadata: metadataSchema,
});
