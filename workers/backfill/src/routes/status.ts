import { readProgress } from "@building-vitals/core/backfill/progress";
import { backfillStatus } from "@building-vitals/core/backfill/status-answer";
import { Hono } from "hono";
import { type Env, settingsOf } from "../env.ts";

/** `GET /backfill/status`: how far the backfill has come, the one that runs, else the last one. */
export const statusRoute = new Hono<{ Bindings: Env }>().get("/backfill/status", async (context) => {
  const progress = await readProgress(settingsOf(context.env).DB);
  const status = progress === null ? { status: "not_started" } : backfillStatus(progress, Date.now());
  return context.json(status, 200, { "cache-control": "no-store" });
});
