import { readWatermarks } from "@building-vitals/core/query/watermarks";
import { Hono } from "hono";
import { type Env, settingsOf } from "../env.ts";

/** `GET /sites`: the sites of this deployment. `data_until` is how far their data is known to be whole. */
export const sitesRoute = new Hono<{ Bindings: Env }>().get("/sites", async (context) => {
  const { DB, SITES } = settingsOf(context.env);
  const watermarks = await readWatermarks(
    DB,
    SITES.map((site) => site.name),
  );
  const sites = SITES.map(({ name, timezone }) => {
    const watermark = watermarks.get(name);
    return { name, timezone, data_until: watermark === undefined ? null : new Date(watermark).toISOString() };
  });
  return context.json({ sites }, 200, { "cache-control": "no-store" });
});
