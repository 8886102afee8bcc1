import { dateRange, lastEndedDay, START_END } from "@building-vitals/core/backfill/date-range";
import { readMsPerCall, readOutlooks } from "@building-vitals/core/backfill/outlook";
import { planBackfill } from "@building-vitals/core/backfill/plan";
import { parseBody } from "@building-vitals/core/http/parse-body";
import { describe } from "@building-vitals/core/http/openapi";
import { Hono } from "hono";
import { z } from "zod";
import { planSchema } from "../answers.ts";
import { type Env, settingsOf } from "../env.ts";
import { requireAdmin } from "../require-admin.ts";
import { rangeBodySchema } from "../range-body.ts";
import { sitesOf } from "../sites.ts";

const bodySchema = rangeBodySchema.extend({ force_restart: z.boolean().default(false) });

const described = describe({
  summary: "What the same body would come to at /backfill/start",
  access: "write",
  body: bodySchema,
  answers: { 200: { description: "An estimate", content: { "application/json": planSchema } } },
  problems: ["invalid_request", "body_too_large", "unknown_site", "span_too_long"],
});

/** `POST /backfill/plan`: what the same body would come to at `/backfill/start`; starts nothing. */
export const planRoute = new Hono<{ Bindings: Env }>().post(
  "/backfill/plan",
  described,
  requireAdmin,
  async (context) => {
    const settings = settingsOf(context.env);
    const body = await parseBody(context.req.raw, bodySchema);
    const range = dateRange(body.start_date, body.end_date, lastEndedDay(Date.now()), START_END);
    const sites = await sitesOf(settings, body.sites, "sites");
    const plan = planBackfill(await readOutlooks(settings.DB, sites, range, body.force_restart), {
      pageSize: settings.PAGE_SIZE,
      requestsPerMinute: settings.REQUESTS_PER_MINUTE,
      msPerCall: await readMsPerCall(settings.DB),
    });
    const { start_date, end_date } = body;
    return context.json({ start_date, end_date, ...plan }, 200, { "cache-control": "no-store" });
  },
);
