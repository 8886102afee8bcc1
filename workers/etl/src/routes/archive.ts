import { dayOf } from "@building-vitals/core/domain/day";
import { parseBody } from "@building-vitals/core/http/parse-body";
import { describe } from "@building-vitals/core/http/openapi";
import { Hono } from "hono";
import { z } from "zod";
import { runArchive } from "../archive.ts";
import { archiveSchema } from "../answers.ts";
import { dayField } from "../day-field.ts";
import { type Env, settingsOf } from "../env.ts";
import { requireAdmin } from "../require-admin.ts";

const endedDay = dayField.refine((day) => day < dayOf(Date.now()), "must be a UTC day that has ended");
const bodySchema = z.strictObject({ site: z.string().min(1).optional(), day: endedDay.optional() });

const described = describe({
  summary: "Folds hot days into their files in R2 now",
  access: "write",
  body: bodySchema,
  answers: { 200: { description: "What was done", content: { "application/json": archiveSchema } } },
  problems: ["invalid_request", "body_too_large", "unknown_site"],
});

/** `POST /archive`: folds hot days into their files in R2 now, and answers with what was done. */
export const archiveRoute = new Hono<{ Bindings: Env }>().post("/archive", described, requireAdmin, async (context) => {
  const { site, day } = await parseBody(context.req.raw, bodySchema);
  return context.json(await runArchive(settingsOf(context.env), site, day), 200, { "cache-control": "no-store" });
});
