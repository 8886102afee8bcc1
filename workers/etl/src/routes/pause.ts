import { describe } from "@building-vitals/core/http/openapi";
import { parseBody } from "@building-vitals/core/http/parse-body";
import { pauseSite } from "@building-vitals/core/sync/sync-state";
import { Hono } from "hono";
import { z } from "zod";
import { type Env, requireAdmin, settingsOf } from "../env.ts";
import { pausedSiteSchema, shownPause, storedSite } from "../pause.ts";

const bodySchema = z.strictObject({
  reason: z.string().min(1).max(200).optional().meta({ description: "public: /status shows it" }),
});

const described = describe({
  summary: "Pauses the sync of a site: no requests to the API until it is resumed",
  access: "write",
  path: { site: "The site's name" },
  body: bodySchema,
  answers: { 200: { description: "The pause in effect", content: { "application/json": pausedSiteSchema } } },
  problems: ["invalid_request", "body_too_large", "unknown_site"],
});

/** `POST /sites/{site}/pause`. An existing pause keeps its time and reason. */
export const pauseRoute = new Hono<{ Bindings: Env }>().post(
  "/sites/:site/pause",
  described,
  requireAdmin,
  async (context) => {
    const settings = settingsOf(context.env);
    const { reason = null } = await parseBody(context.req.raw, bodySchema);
    const { name, db, id } = await storedSite(settings, context.req.param("site"));
    await pauseSite(db, id, { since: Date.now(), by: context.get("identity"), reason });
    const { pause } = await storedSite(settings, name);
    const answer: z.infer<typeof pausedSiteSchema> = { site: name, paused: shownPause(pause) };
    return context.json(answer, 200, { "cache-control": "no-store" });
  },
);
