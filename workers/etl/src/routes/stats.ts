import { readSiteStats } from "@building-vitals/core/catalog/site-stats";
import { describe } from "@building-vitals/core/http/openapi";
import { Hono } from "hono";
import { statsSchema } from "../answers.ts";
import { type Env, settingsOf } from "../env.ts";

const described = describe({
  summary: "Points, rows and bytes of the hot level, and what the day files hold",
  access: "open",
  answers: { 200: { description: "As of now", content: { "application/json": statsSchema } } },
  problems: [],
});

/** `GET /stats`: points, rows and bytes of the hot level, and what the day files hold. */
export const statsRoute = new Hono<{ Bindings: Env }>().get("/stats", described, async (context) => {
  const { DB, SITES } = settingsOf(context.env);
  const stats = await readSiteStats(
    DB,
    SITES.map((site) => site.name),
    Date.now(),
  );
  return context.json(stats, 200, { "cache-control": "no-store" });
});
