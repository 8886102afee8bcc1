import { pointNames } from "@building-vitals/core/catalog/point-list";
import { GAP_STATES } from "@building-vitals/core/gaps/gap";
import { listGaps } from "@building-vitals/core/gaps/gap-store";
import { describe } from "@building-vitals/core/http/openapi";
import { parseInput } from "@building-vitals/core/http/parse-body";
import { Hono } from "hono";
import { z } from "zod";
import { type Env, settingsOf } from "../env.ts";
import { gapsSchema, shownGap } from "../gap-answers.ts";
import { statesOf } from "../letter-filter.ts";
import { requireAdmin } from "../require-admin.ts";

const timeParameter = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));

const cursorParameter = z
  .string()
  .regex(/^-?\d{1,15}_\d{1,15}_\d{1,15}$/, "must be the `next_cursor` of the answer before")
  .transform((text) => {
    const [start = 0, siteId = 0, pointId = 0] = text.split("_").map(Number);
    return { start, siteId, pointId };
  })
  .optional()
  .meta({ description: "`next_cursor` of the answer before" });

const querySchema = z.strictObject({
  site: z.string().min(1).optional(),
  state: z.enum(GAP_STATES).optional(),
  from: timeParameter.optional().meta({ description: "Only gaps that end after it: ISO-8601" }),
  to: timeParameter.optional().meta({ description: "Only gaps that begin before it: ISO-8601" }),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  cursor: cursorParameter,
});

const described = describe({
  summary: "Gaps: where samples should be and are not, or came late; newest first",
  access: "write",
  query: querySchema,
  answers: { 200: { description: "A page", content: { "application/json": gapsSchema } } },
  problems: ["invalid_request", "unknown_site"],
});

/** `GET /gaps`: what is missing, what came late, and what is known to be empty. It names points, so it needs the token. */
export const gapsRoute = new Hono<{ Bindings: Env }>().get("/gaps", described, requireAdmin, async (context) => {
  const settings = settingsOf(context.env);
  const { site, state, from, to, limit, cursor } = parseInput(querySchema, context.req.query());
  const states = await statesOf(settings, site);
  const siteNames = new Map([...states].map(([name, { siteId }]) => [siteId, name]));
  const range = { start: from ?? Number.NEGATIVE_INFINITY, end: to ?? Number.POSITIVE_INFINITY };
  // one more than asked for tells whether there is another page
  const found = await listGaps(settings.DB, { siteIds: [...siteNames.keys()], state, ...range }, limit + 1, cursor);
  const page = found.slice(0, limit);
  const names = await pointNames(
    settings.DB,
    page.map(({ pointId }) => pointId),
  );
  const last = page.at(-1);
  const answer: z.infer<typeof gapsSchema> = {
    gaps: page.map((gap) => shownGap(gap, siteNames.get(gap.siteId) ?? "", names.get(gap.pointId) ?? null)),
    next_cursor: found.length > limit && last !== undefined ? `${last.start}_${last.siteId}_${last.pointId}` : null,
  };
  return context.json(answer, 200, { "cache-control": "no-store" });
});
