import { dateRange, lastEndedDay, openDateRange, START_END } from "@building-vitals/core/backfill/date-range";
import { failedSpan } from "@building-vitals/core/backfill/failed-days";
import { dayText } from "@building-vitals/core/domain/day";
import { parseBody } from "@building-vitals/core/http/parse-body";
import { describe } from "@building-vitals/core/http/openapi";
import { Hono } from "hono";
import { startedSchema, nothingFailedSchema } from "../answers.ts";
import { type Env, requireAdmin, settingsOf } from "../env.ts";
import { rangeBodySchema } from "../range-body.ts";
import { sitesOf } from "../sites.ts";
import { startBackfill } from "../start.ts";

const bodySchema = rangeBodySchema.partial();

const described = describe({
  summary: "Starts a backfill of the days that failed or are suspect",
  access: "write",
  body: bodySchema,
  answers: {
    200: { description: "No day has failed", content: { "application/json": nothingFailedSchema } },
    202: { description: "The backfill has begun", content: { "application/json": startedSchema } },
  },
  problems: ["invalid_request", "body_too_large", "unknown_site", "span_too_long", "backfill_in_progress"],
});

/**
 * `POST /backfill/retry-failed`: starts a backfill of the days that failed or whose file is suspect, within optional
 * dates.
 */
export const retryFailedRoute = new Hono<{ Bindings: Env }>().post(
  "/backfill/retry-failed",
  described,
  requireAdmin,
  async (context) => {
    const settings = settingsOf(context.env);
    const body = await parseBody(context.req.raw, bodySchema);
    const sites = await sitesOf(settings, body.sites, "sites");
    const latest = lastEndedDay(Date.now());
    const asked = openDateRange(body.start_date, body.end_date, latest, START_END);
    // An empty job would replace the last job, whose failures are recorded nowhere else.
    const span = await failedSpan(settings.DB, sites, asked);
    if (span === null) {
      const nothing = { status: "not_started", message: "No day has failed." };
      return context.json(nothing, 200, { "cache-control": "no-store" });
    }
    const range = dateRange(dayText(span.first), dayText(span.last), latest, START_END);
    const started = await startBackfill(settings, { range, sites, selection: "failed" });
    return context.json(started, 202, { "cache-control": "no-store" });
  },
);
