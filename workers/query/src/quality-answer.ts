import { QUALITY_REASONS } from "@building-vitals/core/quality/reasons";
import { z } from "zod";
import { unknownPointsSchema } from "./point-names.ts";

const count = z.int().min(0);
const score = z.number().min(0).max(1).nullable();

/** The quality of a point, on one UTC day or summed over days. null: it could not be judged. */
export const qualitySchema = z.strictObject({
  score: score.meta({
    description: "1: nothing found; over several days their mean; docs/decisions/0011-quality.md",
  }),
  expected: count.nullable().meta({ description: "samples that the cadence implies; null: unknown" }),
  actual: count,
  missing: count.nullable(),
  out_of_range: count.nullable().meta({ description: "samples outside the plausible range of the unit" }),
  outliers: count.nullable(),
  spikes: count.nullable().meta({ description: "single samples that jump and return" }),
  flat_line_hours: z.number().min(0).nullable().meta({ description: "how long the value was stuck" }),
  late: count.nullable().meta({ description: "samples that arrived late; null: not observed, as on backfilled days" }),
  judged: z.array(z.enum(["completeness", "range", "outliers", "flat_line"])),
});

/** `GET /sites/{site}/quality`. */
export const qualityAnswerSchema = z.strictObject({
  site_name: z.string(),
  days: z.array(
    z.strictObject({
      date: z.iso.date(),
      state: z.enum(["judged", "stale", "unjudged"]).meta({
        description:
          "stale: samples have arrived or changed since; unjudged: the day has not ended, or is not known to be whole",
      }),
      judged_at: z.iso.datetime().nullable(),
    }),
  ),
  summary: z.strictObject({
    mean_score: score,
    points: count,
    judged: count.meta({ description: "points with a score" }),
    threshold: z.number(),
    poor: count.meta({ description: "points with a score below the threshold" }),
    poor_by: z
      .record(z.enum(QUALITY_REASONS), count)
      .meta({ description: "poor points by reason; a point can have several" }),
  }),
  points: z.array(
    qualitySchema.extend({
      name: z.string(),
      label: z.string().nullable(),
      unit: z.string().nullable(),
      days_judged: count,
      days_silent: count.meta({ description: "judged days without any sample" }),
      reasons: z.array(z.string()).meta({ description: "what is wrong, in words" }),
      days: z
        .array(
          qualitySchema.extend({
            date: z.iso.date(),
            stale: z.boolean().meta({ description: "samples have arrived or changed since" }),
          }),
        )
        .optional()
        .meta({ description: "of named points only" }),
    }),
  ),
  unknown_points: unknownPointsSchema.optional(),
  next_cursor: z.string().nullable(),
});
