import { dateRange, lastEndedDay, START_END } from "@building-vitals/core/backfill/date-range";
import { failedSpan } from "@building-vitals/core/backfill/job-store";
import { dayText } from "@building-vitals/core/domain/day";
import { parseBody } from "@building-vitals/core/http/parse-body";
import { describe } from "@building-vitals/core/http/openapi";
import { Hono } from "hono";
import { startedSchema, nothingFailedSchema } from "../answers.ts";
import { type Env, settingsOf } from "../env.ts";
import { requireAdmin } from "../require-admin.ts";
import { rangeBodySchema } from "../range-body.ts";
import { sitesOf } from "../sites.ts";
import { startBackfill } from "../start.ts";

const bodySchema = rangeBodySchema.partial();

const described = describe({
  summary: "A backfill of the days that failed or are suspect",
  access: "write",
  body: bodySchema,
  answers: {
    200: { description: "No day has failed", content: { "application/json": nothingFailedSchema } },
    202: { description: "It has begun", content: { "application/json": startedSchema } },
  },
  problems: ["invalid_request", "body_too_large", "unknown_site", "span_too_long", "backfill_in_progress"],
});

/** `POST /backfill/retry-failed`: a backfill of the days that failed or whose file is suspect, in all or between dates. */
export const retryFailedRoute = new Hono<{ Bindings: Env }>().post(
  "/backfill/retry-failed",
  described,
  requireAdmin,
  async (context) => {
    const settings = settingsOf(context.env);
    const body = await parseBody(context.req.raw, bodySchema);
    const sites = await sitesOf(settings, body.sites, "sites");
    const span = await failedSpan(settings.DB, sites);
    const [first, last] = [body.start_date, body.end_date].map((date, i) => {
      const bound = i === 0 ? span?.first : span?.last;
      return date ?? (bound === undefined ? undefined : dayText(bound));
    });
    if (first === undefined || last === undefined) {
      return context.json({ status: "not_started", message: "No day has failed." }, 200, {
        "cache-control": "no-store",
      });
    }
    const range = dateRange(first, last, lastEndedDay(Date.now()), START_END);
    const started = await startBackfill(settings, { range, sites, selection: "failed" });
    return context.json(started, 202, { "cache-control": "no-store" });
  },
);
