import { describe } from "@building-vitals/core/http/openapi";
import { Hono } from "hono";
import { z } from "zod";
import { queuedSchema, startedSchema } from "../answers.ts";
import { backfillBodySchema, parseBackfillRequest } from "../backfill-request.ts";
import { type Env, requireAdmin, settingsOf } from "../env.ts";
import { queueBackfill, startBackfill } from "../start.ts";

const described = describe({
  summary: "Builds days that have no file in R2 yet",
  access: "write",
  body: backfillBodySchema,
  answers: {
    202: {
      description: "The backfill has begun, or waits in the queue",
      content: { "application/json": z.union([startedSchema, queuedSchema]) },
    },
  },
  problems: [
    "invalid_request",
    "body_too_large",
    "unknown_site",
    "span_too_long",
    "backfill_in_progress",
    "backfill_queue_full",
  ],
});

const WAYS_OUT =
  "wait for it, stop it with POST /backfill/cancel, replace it by this one with force_restart: true, " +
  "or let this one wait with queue: true";

/**
 * `POST /backfill/start`: builds days that have no file in R2 yet.
 * - `force_restart` builds all days again, and replaces a running backfill.
 * - `queue` waits for a running backfill instead.
 */
export const startRoute = new Hono<{ Bindings: Env }>().post(
  "/backfill/start",
  described,
  requireAdmin,
  async (context) => {
    const settings = settingsOf(context.env);
    const asked = await parseBackfillRequest(settings, context.req.raw);
    const { range, sites, forceRestart, queue } = asked;
    const selection = forceRestart ? "all" : "unfinished";
    const answer = queue
      ? await queueBackfill(settings, asked)
      : await startBackfill(settings, { range, sites, selection, supersedes: forceRestart, otherwise: WAYS_OUT });
    return context.json(answer, 202, { "cache-control": "no-store" });
  },
);
