import { readProgress } from "@building-vitals/core/backfill/progress";
import { readQueue } from "@building-vitals/core/backfill/queue";
import { backfillStatus } from "@building-vitals/core/backfill/status-answer";
import { describe } from "@building-vitals/core/http/openapi";
import { Hono } from "hono";
import { statusSchema } from "../answers.ts";
import { type Env, settingsOf } from "../env.ts";

const described = describe({
  summary: "Progress of the running backfill, else of the last one",
  access: "open",
  answers: { 200: { description: "The current state", content: { "application/json": statusSchema } } },
  problems: [],
});

/** `GET /backfill/status`: progress of the running backfill, else of the last one. */
export const statusRoute = new Hono<{ Bindings: Env }>().get("/backfill/status", described, async (context) => {
  const { DB } = settingsOf(context.env);
  const [progress, queue] = await Promise.all([readProgress(DB), readQueue(DB)]);
  const status = progress === null ? { status: "not_started" } : backfillStatus(progress, queue, Date.now());
  return context.json(status, 200, { "cache-control": "no-store" });
});
