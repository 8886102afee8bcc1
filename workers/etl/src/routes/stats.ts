import { joinStats, readSiteStats } from "@building-vitals/core/catalog/site-stats";
import { byDatabase } from "@building-vitals/core/d1/site-databases";
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
  const settings = settingsOf(context.env);
  const now = Date.now();
  const stats = await Promise.all(
    byDatabase(settings, settings.SITES).map(async ({ binding, db, sites }) => {
      const names = sites.map(({ name }) => name);
      return [binding, await readSiteStats(db, names, now)] as const;
    }),
  );
  return context.json(joinStats(stats), 200, { "cache-control": "no-store" });
});
