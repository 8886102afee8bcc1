import { readSiteStats } from "@building-vitals/core/catalog/site-stats";
import { Hono } from "hono";
import { type Env, settingsOf } from "../env.ts";

/** `GET /stats`: points, rows and bytes of the hot level. */
export const statsRoute = new Hono<{ Bindings: Env }>().get("/stats", async (context) => {
  const { DB, SITES } = settingsOf(context.env);
  const stats = await readSiteStats(
    DB,
    SITES.map((site) => site.name),
    Date.now(),
  );
  return context.json(stats, 200, { "cache-control": "no-store" });
});
