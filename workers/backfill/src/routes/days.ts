import { storeOf } from "@building-vitals/core/backfill/backfill-site";
import { dateRange, FROM_TO } from "@building-vitals/core/backfill/date-range";
import { dayStates } from "@building-vitals/core/backfill/day-states";
import { readOutcomes } from "@building-vitals/core/backfill/job-days";
import { readJob } from "@building-vitals/core/backfill/job-store";
import { dayOf } from "@building-vitals/core/domain/day";
import { once } from "@building-vitals/core/http/parameters";
import { parseInput } from "@building-vitals/core/http/parse-body";
import { describe } from "@building-vitals/core/http/openapi";
import { Hono } from "hono";
import { z } from "zod";
import { daysSchema } from "../answers.ts";
import { type Env, settingsOf } from "../env.ts";
import { sitesOf } from "../sites.ts";

const date = z.string({ error: "must be a date such as 2024-01-31" });
const querySchema = z.strictObject({ from: once(date), to: once(date), site: once(z.string().min(1).optional()) });

const described = describe({
  summary: "The state of each day, by site",
  access: "open",
  query: querySchema,
  answers: { 200: { description: "The current state", content: { "application/json": daysSchema } } },
  problems: ["invalid_request", "span_too_long", "unknown_site"],
});

/** `GET /backfill/days`: the state of each day, by site. */
export const daysRoute = new Hono<{ Bindings: Env }>().get("/backfill/days", described, async (context) => {
  const settings = settingsOf(context.env);
  const query = parseInput(querySchema, context.req.queries());
  const range = dateRange(query.from, query.to, dayOf(Date.now()), FROM_TO);
  const sites = await sitesOf(settings, query.site === undefined ? undefined : [query.site], "site");
  const job = await readJob(settings.DB);
  const outcomes = job === null ? null : await readOutcomes(settings.DB, job.backfillId, range);
  const answers = await Promise.all(
    sites.map((site) => dayStates(storeOf(settings.DB, site), range, outcomes?.get(site.id) ?? new Map())),
  );
  return context.json({ from: query.from, to: query.to, sites: answers }, 200, { "cache-control": "no-store" });
});
