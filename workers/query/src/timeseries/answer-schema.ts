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

const metadataSchema: z.ZodType<Metadata> = z.strictObject({
  interval: z.enum(INTERVALS),
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

/** `format=json`. The columns have equal lengths. `min`, `max` and `count` are present if samples were aggregated. */
export const columnsSchema = z.strictObject({
  site_name: z.string(),
  interval: z.enum(INTERVALS),
  series: z.array(
    z.strictObject({
      point_name: z.string(),
      unit: z.string().nullable(),
      timestamps: z.array(time),
      values: z.array(value),
      min: z.array(value).optional(),
      max: z.array(value).optional(),
      count: z.array(z.int()).optional(),
      filled: z.array(flag).optional(),
    }),
  ),
  metadata: metadataSchema,
});

/** `format=rows`. */
export const rowsSchema = z.strictObject({
  site_name: z.string(),
  samples: z.array(z.strictObject({ point_name: z.string(), timestamp: time, value, filled: flag.optional() })),
  metadata: metadataSchema,
});
