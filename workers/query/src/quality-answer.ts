import { QUALITY_REASONS } from "@building-vitals/core/quality/reasons";
import { z } from "zod";
import { unknownPointsSchema } from "./point-names.ts";

const count = z.int().min(0);
const score = z.number().min(0).max(1).nullable();

/** Of a point and a UTC day, or summed up over days. null: it could not be judged. */
export const qualitySchema = z.strictObject({
  score: score.meta({
    description: "1: nothing was found; of several days their mean; docs/decisions/0011-quality.md",
  }),
  expected: count.nullable().meta({ description: "samples that the cadence leads to expect; null: it is unknown" }),
  actual: count,
  missing: count.nullable(),
  out_of_range: count.nullable().meta({ description: "samples that no sensor can rightly say in the unit" }),
  outliers: count.nullable(),
  spikes: count.nullable().meta({ description: "single samples that jump and return" }),
  flat_line_hours: z.number().min(0).nullable().meta({ description: "how long the sensor was stuck" }),
  late: count.nullable().meta({ description: "samples that came late; null: nobody watched, as of backfilled days" }),
  judged: z.array(z.enum(["completeness", "range", "outliers", "flat_line"])),
});

/** `GET /sites/{site}/quality`. */
export const qualityAnswerSchema = z.strictObject({
  site_name: z.string(),
  days: z.array(
    z.strictObject({
      date: z.iso.date(),
      state: z.enum(["judged", "stale", "unjudged"]).meta({
        description: "stale: samples have come or changed since; unjudged: it has not ended, or is not known",
      }),
      judged_at: z.iso.datetime().nullable(),
    }),
  ),
  summary: z.strictObject({
    mean_score: score,
    points: count,
    judged: count.meta({ description: "points that have a score" }),
    threshold: z.number(),
    poor: count.meta({ description: "points with a score under the threshold" }),
    poor_by: z.record(z.enum(QUALITY_REASONS), count).meta({ description: "of those, by reason; some have several" }),
  }),
  points: z.array(
    qualitySchema.extend({
      name: z.string(),
      label: z.string().nullable(),
      unit: z.string().nullable(),
      days_judged: count,
      days_silent: count.meta({ description: "of those, days without any sample" }),
      reasons: z.array(z.string()).meta({ description: "what is wrong, in words" }),
      days: z
        .array(
          qualitySchema.extend({
            date: z.iso.date(),
            stale: z.boolean().meta({ description: "samples have come or changed since" }),
          }),
        )
        .optional()
        .meta({ description: "of points that were named" }),
    }),
  ),
  unknown_points: unknownPointsSchema.optional(),
  next_cursor: z.string().nullable(),
});
