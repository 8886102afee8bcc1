import { describe } from "@building-vitals/core/http/openapi";
import { Hono } from "hono";
import { z } from "zod";
import { queuedSchema, startedSchema } from "../answers.ts";
import { backfillBodySchema, parseBackfillRequest } from "../backfill-request.ts";
import { type Env, requireAdmin, settingsOf } from "../env.ts";
import { queueBackfill, startBackfill } from "../start.ts";

const described = describe({
  summary: "Writes days to R2 that are not there yet",
  access: "write",
  body: backfillBodySchema,
  answers: {
    202: {
      description: "It has begun, or waits",
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
 * `POST /backfill/start`: writes the days to R2 that are not there yet; with `force_restart` all of them, again. While
 * another one runs, `queue` lets it wait, and `force_restart` without `queue` replaces the running one.
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
