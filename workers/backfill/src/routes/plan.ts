import { readMsPerCall, readOutlooks } from "@building-vitals/core/backfill/outlook";
import { planBackfill } from "@building-vitals/core/backfill/plan";
import { dayText } from "@building-vitals/core/domain/day";
import { requireToken } from "@building-vitals/core/http/require-token";
import { Hono } from "hono";
import { parseBackfillRequest } from "../backfill-request.ts";
import { type Env, settingsOf } from "../env.ts";

/** `POST /backfill/plan`: what the same body would come to at `/backfill/start`; starts nothing. */
export const planRoute = new Hono<{ Bindings: Env }>().post(
  "/backfill/plan",
  requireToken<Env>((env) => settingsOf(env).ADMIN_TOKEN, "ADMIN_TOKEN"),
  async (context) => {
    const settings = settingsOf(context.env);
    const { range, sites, forceRestart } = await parseBackfillRequest(settings, context.req.raw);
    const plan = planBackfill(await readOutlooks(settings.DB, sites, range, forceRestart), {
      pageSize: settings.PAGE_SIZE,
      requestsPerMinute: settings.REQUESTS_PER_MINUTE,
      msPerCall: await readMsPerCall(settings.DB),
    });
    const dates = { start_date: dayText(range.first), end_date: dayText(range.last) };
    return context.json({ ...dates, ...plan }, 200, { "cache-control": "no-store" });
  },
);
