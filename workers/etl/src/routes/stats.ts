import { joinStats, readSiteStats } from "@building-vitals/core/catalog/site-stats";
import { describe } from "@building-vitals/core/http/openapi";
import { Hono } from "hono";
import { statsSchema } from "../answers.ts";
import { type Env, settingsOf } from "../env.ts";
import { readAnswering } from "../sites.ts";

const described = describe({
  summary: "Points, rows and bytes of the hot level, and sizes of the day files",
  access: "open",
  answers: { 200: { description: "The current state", content: { "application/json": statsSchema } } },
  problems: [],
});

/** `GET /stats`: points, rows and bytes of the hot level, and sizes of the day files. */
export const statsRoute = new Hono<{ Bindings: Env }>().get("/stats", described, async (context) => {
  const settings = settingsOf(context.env);
  const now = Date.now();
  const { answers, lost } = await readAnswering(settings, async ({ binding, db, sites }) => {
    const names = sites.map(({ name }) => name);
    return [binding, await readSiteStats(db, names, now)] as const;
  });
  return context.json(joinStats(answers, lost), 200, { "cache-control": "no-store" });
});
