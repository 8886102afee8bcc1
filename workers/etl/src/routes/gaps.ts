import { pointNames } from "@building-vitals/core/catalog/point-list";
import { Problem } from "@building-vitals/core/domain/problem";
import { type Gap, GAP_STATES } from "@building-vitals/core/gaps/gap";
import { gapsAfter, listGaps } from "@building-vitals/core/gaps/gap-store";
import { describe } from "@building-vitals/core/http/openapi";
import { parseInput } from "@building-vitals/core/http/parse-body";
import { once, wholeNumber } from "@building-vitals/core/http/parameters";
import { A_TIME, timeSchema } from "@building-vitals/core/http/time-parameter";
import { Hono } from "hono";
import { z } from "zod";
import { type Env, requireAdmin, settingsOf } from "../env.ts";
import { gapsSchema, shownGap } from "../gap-answers.ts";
import { storedByDatabase } from "../sites.ts";

const cursorParameter = z
  .string()
  .regex(/^-?\d{1,15}_\d{1,15}_\d{1,15}(?:_\d{1,4})?$/, "must be the `next_cursor` of the previous answer")
  .transform((text) => {
    const [start = 0, siteId = 0, pointId = 0, database = 0] = text.split("_").map(Number);
    return { start, siteId, pointId, database };
  });

const querySchema = z.strictObject({
  site: once(z.string().min(1).optional()),
  state: once(z.enum(GAP_STATES).optional()),
  from: once(timeSchema.optional()).meta({ description: `Only gaps that end after it: ${A_TIME}` }),
  to: once(timeSchema.optional()).meta({ description: `Only gaps that begin before it: ${A_TIME}` }),
  limit: once(wholeNumber(1, 500).default(100)),
  cursor: once(cursorParameter.optional()).meta({ description: "`next_cursor` of the previous answer" }),
});

const described = describe({
  summary: "Gaps: time ranges whose expected samples are missing or arrived late; newest first",
  access: "write",
  query: querySchema,
  answers: { 200: { description: "A page", content: { "application/json": gapsSchema } } },
  problems: ["invalid_request", "epoch_seconds", "unknown_site"],
});

/** `GET /gaps`: open, repaired and confirmed-empty gaps. The answer names points, so it needs the token. */
export const gapsRoute = new Hono<{ Bindings: Env }>().get("/gaps", described, requireAdmin, async (context) => {
  const settings = settingsOf(context.env);
  const { site, state, from, to, limit, cursor } = parseInput(querySchema, context.req.queries());
  if (from !== undefined && to !== undefined && from >= to) {
    throw new Problem("invalid_request", "to: is not after from; the range is [from, to).", "to");
  }
  const range = { start: from ?? Number.NEGATIVE_INFINITY, end: to ?? Number.POSITIVE_INFINITY };
  const databases = await storedByDatabase(settings, site);
  const pages = await Promise.all(
    databases.map(async ({ db, binding, sites }) => {
      const siteNames = new Map(sites.map(({ id, name }) => [id, name]));
      const filter = { siteIds: [...siteNames.keys()], state, ...range };
      const database = databaseNumber(binding);
      // one gap more than the limit shows whether another page follows
      const ofDatabase = await listGaps(db, filter, limit + 1, cursor && gapsAfter(cursor, database));
      return ofDatabase.map((gap) => ({ gap, db, database, siteName: siteNames.get(gap.siteId) ?? "" }));
    }),
  );
  const found = pages.flat().sort((a, b) => b.gap.start - a.gap.start || a.database - b.database);
  const page = found.slice(0, limit);
  const names = new Map(
    await Promise.all(
      [...Map.groupBy(page, ({ db }) => db)].map(async ([db, inIt]) => {
        const ids = inIt.map(({ gap }) => gap.pointId);
        return [db, await pointNames(db, ids)] as const;
      }),
    ),
  );
  const last = page.at(-1);
  const answer: z.infer<typeof gapsSchema> = {
    gaps: page.map(({ gap, db, siteName }) => shownGap(gap, siteName, names.get(db)?.get(gap.pointId) ?? null)),
    next_cursor: found.length > limit && last !== undefined ? cursorOf(last.gap, last.database) : null,
  };
  return context.json(answer, 200, { "cache-control": "no-store" });
});

/** The number in a database's binding; 0 for the main database. */
function databaseNumber(binding: string): number {
  return Number(binding.split("_")[1] ?? 0);
}

function cursorOf({ start, siteId, pointId }: Gap, database: number): string {
  return [start, siteId, pointId, ...(database === 0 ? [] : [database])].join("_");
}
