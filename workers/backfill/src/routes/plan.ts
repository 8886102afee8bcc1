import { dateRange, lastEndedDay, START_END } from "@building-vitals/core/backfill/date-range";
import { readMsPerCall, readOutlooks } from "@building-vitals/core/backfill/outlook";
import { planBackfill } from "@building-vitals/core/backfill/plan";
import { parseBody } from "@building-vitals/core/http/parse-body";
import { requireToken } from "@building-vitals/core/http/require-token";
import { Hono } from "hono";
import { z } from "zod";
import { type Env, settingsOf } from "../env.ts";
import { rangeBodySchema } from "../range-body.ts";
import { sitesOf } from "../sites.ts";

const bodySchema = rangeBodySchema.extend({ force_restart: z.boolean().default(false) });

/** `POST /backfill/plan`: what the same body would come to at `/backfill/start`; starts nothing. */
export const planRoute = new Hono<{ Bindings: Env }>().post(
  "/backfill/plan",
  requireToken<Env>((env) => settingsOf(env).ADMIN_TOKEN, "ADMIN_TOKEN"),
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
