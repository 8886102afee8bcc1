import { parseBody } from "@building-vitals/core/http/parse-body";
import { describe } from "@building-vitals/core/http/openapi";
import { Hono } from "hono";
import { z } from "zod";
import { syncSchema } from "../answers.ts";
import { type Env, requireAdmin, settingsOf } from "../env.ts";
import { refusePaused } from "../pause.ts";
import { runSync } from "../sync.ts";

const bodySchema = z.strictObject({ site: z.string().min(1).optional() });

const described = describe({
  summary: "Syncs every site, or one, now",
  access: "write",
  body: bodySchema,
  answers: { 200: { description: "The result of the sync", content: { "application/json": syncSchema } } },
  problems: ["invalid_request", "body_too_large", "unknown_site", "site_paused"],
});

/** `POST /trigger`: syncs every site, or one, now, and answers with the result. */
export const triggerRoute = new Hono<{ Bindings: Env }>().post("/trigger", described, requireAdmin, async (context) => {
  const { site } = await parseBody(context.req.raw, bodySchema);
  const settings = settingsOf(context.env);
  await refusePaused(settings, site);
  return context.json(await runSync(settings, site), 200, { "cache-control": "no-store" });
});
