import { parseBody } from "@building-vitals/core/http/parse-body";
import { requireToken } from "@building-vitals/core/http/require-token";
import { Hono } from "hono";
import { z } from "zod";
import { type Env, settingsOf } from "../env.ts";
import { runSync } from "../sync.ts";

const bodySchema = z.strictObject({ site: z.string().min(1).optional() });

/** `POST /trigger`: syncs every site, or one, now, and answers with what was done. */
export const triggerRoute = new Hono<{ Bindings: Env }>().post(
  "/trigger",
  requireToken<Env>((env) => settingsOf(env).ADMIN_TOKEN, "ADMIN_TOKEN"),
  async (context) => {
    const { site } = await parseBody(context.req.raw, bodySchema);
    return context.json(await runSync(settingsOf(context.env), site), 200, { "cache-control": "no-store" });
  },
);
