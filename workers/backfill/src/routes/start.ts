import { dateRange, lastEndedDay, START_END } from "@building-vitals/core/backfill/date-range";
import { parseBody } from "@building-vitals/core/http/parse-body";
import { describe } from "@building-vitals/core/http/openapi";
import { Hono } from "hono";
import { z } from "zod";
import { startedSchema } from "../answers.ts";
import { type Env, settingsOf } from "../env.ts";
import { requireAdmin } from "../require-admin.ts";
import { rangeBodySchema } from "../range-body.ts";
import { sitesOf } from "../sites.ts";
import { startBackfill } from "../start.ts";

const bodySchema = rangeBodySchema.extend({ force_restart: z.boolean().default(false) });

const described = describe({
  summary: "Writes days to R2 that are not there yet",
  access: "write",
  body: bodySchema,
  answers: { 202: { description: "It has begun", content: { "application/json": startedSchema } } },
  problems: ["invalid_request", "body_too_large", "unknown_site", "span_too_long", "backfill_in_progress"],
});

/** `POST /backfill/start`: writes the days to R2 that are not there yet; with `force_restart` all of them, again. */
export const startRoute = new Hono<{ Bindings: Env }>().post(
  "/backfill/start",
  described,
  requireAdmin,
  async (context) => {
    const settings = settingsOf(context.env);
    const body = await parseBody(context.req.raw, bodySchema);
    const range = dateRange(body.start_date, body.end_date, lastEndedDay(Date.now()), START_END);
    const sites = await sitesOf(settings, body.sites, "sites");
    const selection = body.force_restart ? "all" : "unfinished";
    const started = await startBackfill(settings, { range, sites, selection });
    return context.json(started, 202, { "cache-control": "no-store" });
  },
);
