import { importSamples } from "@building-vitals/core/backfill/import-samples";
import { dayOf } from "@building-vitals/core/domain/day";
import { Problem } from "@building-vitals/core/domain/problem";
import { describe } from "@building-vitals/core/http/openapi";
import { parseBody } from "@building-vitals/core/http/parse-body";
import { Hono } from "hono";
import { z } from "zod";
import { importedSchema } from "../answers.ts";
import { countJob } from "../count-job.ts";
import { dayField } from "../day-field.ts";
import { type Env, requireAdmin, settingsOf } from "../env.ts";
import { storedSites } from "../sites.ts";

/** Largest body, bytes. A batch of 20,000 samples takes about half of it. */
const MAX_BODY_BYTES = 1024 * 1024;

const begunDay = dayField.refine((day) => day <= dayOf(Date.now()), "must be a UTC day that has begun");
const pointSchema = z.strictObject({
  name: z
    .string()
    .min(1)
    .refine((name) => name.isWellFormed(), "is not well-formed Unicode"),
  samples: z.array(z.tuple([z.int(), z.number()])),
});
const bodySchema = z.strictObject({
  site: z.string().min(1),
  day: begunDay,
  points: z
    .array(pointSchema)
    .default([])
    .meta({ description: "samples are [epoch milliseconds, value] within the day" }),
});

const described = describe({
  summary: "Stores samples of another system at times without a stored sample",
  access: "write",
  body: bodySchema,
  answers: {
    200: { description: "Counts of the samples by outcome", content: { "application/json": importedSchema } },
  },
  problems: [
    "invalid_request",
    "body_too_large",
    "unknown_site",
    "backfill_in_progress",
    "suspect_day",
    "cold_unavailable",
  ],
});

/** `POST /import`: stores a day's samples at times without a stored sample. Safe to repeat. */
export const importRoute = new Hono<{ Bindings: Env }>().post("/import", described, requireAdmin, async (context) => {
  const settings = settingsOf(context.env);
  const { site, day, points } = await parseBody(context.req.raw, bodySchema, MAX_BODY_BYTES);
  const stray = points.find(({ samples }) => samples.some(([time]) => dayOf(time) !== day));
  if (stray !== undefined) {
    throw new Problem("invalid_request", `points: ${JSON.stringify(stray.name)} has samples of another day`, "points");
  }
  const [stored] = await storedSites(settings, site);
  if (stored === undefined) throw new Error("the database returned no row for a configured site");
  const { id, pause } = stored;
  const { DB: jobs, TIMESERIES: bucket } = settings;
  const counts = await countJob(settings, "import", stored, ({ db: counted, ace }) =>
    importSamples(
      { ace: pause === null ? ace : null, db: counted, bucket, jobs },
      { id, name: site },
      day,
      points,
      Date.now(),
    ),
  );
  return context.json(counts, 200, { "cache-control": "no-store" });
});
