import { identitySchema } from "@building-vitals/core/domain/identity";
import { AUDIT_DAYS, readAudit } from "@building-vitals/core/http/audit-store";
import { describe } from "@building-vitals/core/http/openapi";
import { parseInput } from "@building-vitals/core/http/parse-body";
import { once, wholeNumber } from "@building-vitals/core/http/parameters";
import { A_TIME, timeSchema } from "@building-vitals/core/http/time-parameter";
import { Hono } from "hono";
import { z } from "zod";
import { type Env, requireAdmin, settingsOf } from "../env.ts";

const cursorParameter = z
  .string()
  .regex(/^\d{1,15}_[0-9a-f-]{36}$/, "must be the `next_cursor` of the previous answer")
  .transform((text) => {
    const [at = "", id = ""] = text.split("_");
    return { at: Number(at), id };
  });

const querySchema = z.strictObject({
  since: once(timeSchema.optional()).meta({ description: `Only entries from this time on: ${A_TIME}` }),
  limit: once(wholeNumber(1, 500).default(100)),
  cursor: once(cursorParameter.optional()).meta({ description: "`next_cursor` of the previous answer" }),
});

const answerSchema = z.strictObject({
  entries: z.array(
    z.strictObject({
      at: z.iso.datetime(),
      who: identitySchema,
      worker: z.string(),
      request: z.string().meta({ description: "method and path" }),
      parameters: z.record(z.string(), z.unknown()).meta({ description: "the body, shortened" }),
      status: z.int(),
      code: z.string().nullable().meta({ description: "of the problem; null: no problem" }),
      duration_ms: z.int(),
    }),
  ),
  next_cursor: z.string().nullable(),
});

const described = describe({
  summary: `Manual writes of all Workers in the last ${AUDIT_DAYS} days, newest first`,
  access: "write",
  query: querySchema,
  answers: { 200: { description: "A page", content: { "application/json": answerSchema } } },
  problems: ["invalid_request", "epoch_seconds"],
});

/** `GET /audit`: who wrote what, when, and with which result. Always needs the admin token. */
export const auditRoute = new Hono<{ Bindings: Env }>().get("/audit", described, requireAdmin, async (context) => {
  const { since = 0, limit, cursor } = parseInput(querySchema, context.req.queries());
  // one entry more than the limit shows whether another page follows
  const found = await readAudit(settingsOf(context.env).DB, since, limit + 1, cursor);
  const page = found.slice(0, limit);
  const last = page.at(-1);
  const answer: z.infer<typeof answerSchema> = {
    entries: page.map(({ at, who, worker, request, parameters, status, code, durationMs }) => {
      const time = new Date(at).toISOString();
      return { at: time, who, worker, request, parameters, status, code, duration_ms: durationMs };
    }),
    next_cursor: found.length > limit && last !== undefined ? `${last.at}_${last.id}` : null,
  };
  return context.json(answer, 200, { "cache-control": "no-store" });
});
