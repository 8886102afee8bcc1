import { requireToken } from "@building-vitals/core/http/require-token";
import { Hono } from "hono";
import { parseBackfillRequest } from "../backfill-request.ts";
import { type Env, settingsOf } from "../env.ts";
import { startBackfill } from "../start.ts";

/** `POST /backfill/start`: writes the days to R2 that are not there yet; with `force_restart` all of them, again. */
export const startRoute = new Hono<{ Bindings: Env }>().post(
  "/backfill/start",
  requireToken<Env>((env) => settingsOf(env).ADMIN_TOKEN, "ADMIN_TOKEN"),
  async (context) => {
    const settings = settingsOf(context.env);
    const { range, sites, forceRestart } = await parseBackfillRequest(settings, context.req.raw);
    const started = await startBackfill(settings, { range, sites, selection: forceRestart ? "all" : "unfinished" });
    return context.json(started, 202, { "cache-control": "no-store" });
  },
);
