import { rebuildRollups } from "@building-vitals/core/rebuild/rebuild-rollups";
import { parseBody } from "@building-vitals/core/http/parse-body";
import { describe } from "@building-vitals/core/http/openapi";
import { Hono } from "hono";
import { z } from "zod";
import { rebuildRollupsSchema } from "../answers.ts";
import { dayField } from "../day-field.ts";
import { type Env, requireAdmin, settingsOf } from "../env.ts";
import { storedSites } from "../sites.ts";

const bodySchema = z
  .strictObject({ site: z.string().min(1).optional(), start_date: dayField, end_date: dayField })
  .refine((body) => body.start_date <= body.end_date, { path: ["end_date"], error: "must not be before start_date" });

const described = describe({
  summary: "Recomputes hourly aggregates and data quality from the samples",
  access: "write",
  body: bodySchema,
  answers: {
    200: {
      description: "The differences that were found and corrected",
      content: { "application/json": rebuildRollupsSchema },
    },
  },
  problems: ["invalid_request", "body_too_large", "unknown_site"],
});

/**
 * `POST /rollups/rebuild`: recomputes the hourly aggregates and the quality of some days from the samples. Answers with
 * the differences. Processes a few days per request; the next request begins at `nextDate`.
 */
export const rebuildRollupsRoute = new Hono<{ Bindings: Env }>().post(
  "/rollups/rebuild",
  described,
  requireAdmin,
  async (context) => {
    const settings = settingsOf(context.env);
    const { site: only, start_date: first, end_date: last } = await parseBody(context.req.raw, bodySchema);
    const work = { bucket: settings.TIMESERIES, lookbackMs: settings.LOOKBACK_MINUTES * 60_000, now: Date.now };
    const sites = [];
    for (const { name: site, db, id } of await storedSites(settings, only)) {
      sites.push({ site, ...(await rebuildRollups({ ...work, db }, id, { first, last })) });
    }
    return context.json({ sites }, 200, { "cache-control": "no-store" });
  },
);
