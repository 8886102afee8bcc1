import { DAY_FILES_PREFIX } from "@building-vitals/core/r2/day-file-key";
import { describe } from "@building-vitals/core/http/openapi";
import { parseBody } from "@building-vitals/core/http/parse-body";
import { Hono } from "hono";
import { z } from "zod";
import { rebuildSchema } from "../answers.ts";
import { dayField } from "../day-field.ts";
import { type Env, requireAdmin, settingsOf } from "../env.ts";
import { runRebuild } from "../rebuild.ts";

const cursorSchema = z
  .string()
  .max(1_024)
  .refine((text) => text.startsWith(DAY_FILES_PREFIX) && text.isWellFormed(), "must be a next_cursor of an answer");
const bodySchema = z
  .strictObject({
    site: z.string().min(1).optional(),
    from: dayField.optional(),
    to: dayField.optional(),
    dry_run: z.boolean().default(false),
    cursor: cursorSchema.optional(),
  })
  .refine(({ from = 0, to = Infinity }) => from <= to, { path: ["to"], error: "must not be before from" });

const described = describe({
  summary: "Rebuilds the manifest from the day files in R2",
  access: "write",
  body: bodySchema,
  answers: { 200: { description: "The outcome of each file", content: { "application/json": rebuildSchema } } },
  problems: ["invalid_request", "body_too_large", "unknown_site"],
});

/**
 * `POST /rebuild`: compares the manifest with the day files in R2, and rebuilds it where it differs. Processes a few
 * days per request; the next request takes `next_cursor`.
 */
export const rebuildRoute = new Hono<{ Bindings: Env }>().post("/rebuild", described, requireAdmin, async (context) => {
  const { site, from = null, to = null, dry_run: dryRun, cursor = null } = await parseBody(context.req.raw, bodySchema);
  const result = await runRebuild(settingsOf(context.env), { site, range: { from, to }, dryRun, cursor });
  return context.json(result, 200, { "cache-control": "no-store" });
});
