import { Problem } from "@building-vitals/core/domain/problem";
import { describe } from "@building-vitals/core/http/openapi";
import { parseBody } from "@building-vitals/core/http/parse-body";
import { resumeSite } from "@building-vitals/core/sync/sync-state";
import { Hono } from "hono";
import { z } from "zod";
import { type Env, requireAdmin, settingsOf } from "../env.ts";
import { pauseDetail, pausedSiteSchema, storedSite } from "../pause.ts";

const bodySchema = z.strictObject({});

const described = describe({
  summary: "Ends the pause of a site: the next sync continues at its watermark",
  access: "write",
  path: { site: "The site's name" },
  body: bodySchema,
  answers: { 200: { description: "The site is not paused", content: { "application/json": pausedSiteSchema } } },
  problems: ["invalid_request", "body_too_large", "unknown_site", "site_paused"],
});

/** `POST /sites/{site}/resume`. A pause by the SITES setting ends only there: 409. */
export const resumeRoute = new Hono<{ Bindings: Env }>().post(
  "/sites/:site/resume",
  described,
  requireAdmin,
  async (context) => {
    const settings = settingsOf(context.env);
    await parseBody(context.req.raw, bodySchema);
    const { name, db, id, pause } = await storedSite(settings, context.req.param("site"));
    await resumeSite(db, id);
    if (pause !== null && pause.by === null) throw new Problem("site_paused", pauseDetail(name, pause), "site");
    const answer: z.infer<typeof pausedSiteSchema> = { site: name, paused: null };
    return context.json(answer, 200, { "cache-control": "no-store" });
  },
);
