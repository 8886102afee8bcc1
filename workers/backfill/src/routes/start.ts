import { describe } from "@building-vitals/core/http/openapi";
import { Hono } from "hono";
import { startedSchema } from "../answers.ts";
import { backfillBodySchema, parseBackfillRequest } from "../backfill-request.ts";
import { type Env, settingsOf } from "../env.ts";
import { requireAdmin } from "../require-admin.ts";
import { startBackfill } from "../start.ts";

const described = describe({
  summary: "Writes days to R2 that are not there yet",
  access: "write",
  body: backfillBodySchema,
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
    const { range, sites, forceRestart } = await parseBackfillRequest(settings, context.req.raw);
    const started = await startBackfill(settings, { range, sites, selection: forceRestart ? "all" : "unfinished" });
    return context.json(started, 202, { "cache-control": "no-store" });
  },
);
