import { readSyncStates } from "@building-vitals/core/sync/sync-state";
import { Hono } from "hono";
import { type Env, settingsOf } from "../env.ts";

/** `GET /sites`: the sites of this deployment. `data_until` is how far their data is known to be whole. */
export const sitesRoute = new Hono<{ Bindings: Env }>().get("/sites", async (context) => {
  const { DB, SITES } = settingsOf(context.env);
  const states = await readSyncStates(DB, SITES.map((site) => site.name));
  const sites = SITES.map(({ name, timezone }) => {
    const watermark = states.get(name)?.watermark ?? null;
    return { name, timezone, data_until: watermark === null ? null : new Date(watermark).toISOString() };
  });
  return context.json({ sites }, 200, { "cache-control": "no-store" });
});
