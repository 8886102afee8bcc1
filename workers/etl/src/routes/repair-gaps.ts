import { describe } from "@building-vitals/core/http/openapi";
import { parseBody } from "@building-vitals/core/http/parse-body";
import { Hono } from "hono";
import { z } from "zod";
import { type Env, requireAdmin, settingsOf } from "../env.ts";
import { gapsRunSchema } from "../gap-answers.ts";
import { runGaps } from "../gaps.ts";
import { refusePaused } from "../pause.ts";

const bodySchema = z.strictObject({ site: z.string().min(1).optional() });

const described = describe({
  summary: "Finds gaps now, and asks the API for all open ones, of every site or of one",
  access: "write",
  body: bodySchema,
  answers: { 200: { description: "The result of the repair", content: { "application/json": gapsRunSchema } } },
  problems: ["invalid_request", "body_too_large", "unknown_site", "site_paused"],
});

/** `POST /gaps/repair`: runs the hourly gap repair now, for gaps that are not due too. */
export const repairGapsRoute = new Hono<{ Bindings: Env }>().post(
  "/gaps/repair",
  described,
  requireAdmin,
  async (context) => {
    const { site } = await parseBody(context.req.raw, bodySchema);
    const settings = settingsOf(context.env);
    await refusePaused(settings, site);
    return context.json(await runGaps(settings, "open", site), 200, { "cache-control": "no-store" });
  },
);
