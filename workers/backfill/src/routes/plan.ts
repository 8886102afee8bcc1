import { readMsPerCall, readEstimates } from "@building-vitals/core/backfill/estimate";
import { planBackfill } from "@building-vitals/core/backfill/plan";
import { dayText } from "@building-vitals/core/domain/day";
import { describe } from "@building-vitals/core/http/openapi";
import { Hono } from "hono";
import { planSchema } from "../answers.ts";
import { backfillBodySchema, parseBackfillRequest } from "../backfill-request.ts";
import { type Env, requireAdmin, settingsOf } from "../env.ts";

const described = describe({
  summary: "Estimates the work of the same request to /backfill/start",
  access: "write",
  body: backfillBodySchema,
  answers: { 200: { description: "An estimate", content: { "application/json": planSchema } } },
  problems: ["invalid_request", "body_too_large", "unknown_site", "span_too_long"],
});

/** `POST /backfill/plan`: estimates the work of the same request to `/backfill/start`, and starts nothing. */
export const planRoute = new Hono<{ Bindings: Env }>().post(
  "/backfill/plan",
  described,
  requireAdmin,
  async (context) => {
    const settings = settingsOf(context.env);
    const { range, sites, forceRestart } = await parseBackfillRequest(settings, context.req.raw);
    const plan = planBackfill(await readEstimates(settings.DB, sites, range, forceRestart), {
      pageSize: settings.PAGE_SIZE,
      requestsPerMinute: settings.REQUESTS_PER_MINUTE,
      msPerCall: await readMsPerCall(settings.DB),
    });
    const dates = { start_date: dayText(range.first), end_date: dayText(range.last) };
    return context.json({ ...dates, ...plan }, 200, { "cache-control": "no-store" });
  },
);
