import { describe } from "@building-vitals/core/http/openapi";
import { parseBody } from "@building-vitals/core/http/parse-body";
import { dropDeadLetters } from "@building-vitals/core/sync/dead-letters";
import { Hono } from "hono";
import { z } from "zod";
import { droppedSchema } from "../answers.ts";
import { type Env, requireAdmin, settingsOf } from "../env.ts";
import { choiceFields, isChoice, NO_CHOICE } from "../dead-letter-filter.ts";
import { storedByDatabase } from "../sites.ts";

const bodySchema = z.strictObject(choiceFields).refine(isChoice, NO_CHOICE);

const described = describe({
  summary: "Deletes dead letters",
  access: "write",
  body: bodySchema,
  answers: {
    200: { description: "The number of deleted dead letters", content: { "application/json": droppedSchema } },
  },
  problems: ["invalid_request", "body_too_large", "unknown_site"],
});

/** `POST /dead-letters/drop`: deletes dead letters. Safe to repeat, because ids are never reused. */
export const dropDeadLettersRoute = new Hono<{ Bindings: Env }>().post(
  "/dead-letters/drop",
  described,
  requireAdmin,
  async (context) => {
    const settings = settingsOf(context.env);
    const { ids, site, reason } = await parseBody(context.req.raw, bodySchema);
    let dropped = 0;
    for (const { db, sites } of await storedByDatabase(settings, site)) {
      const siteIds = sites.map(({ id }) => id);
      dropped += await dropDeadLetters(db, { siteIds, ids, reason });
    }
    return context.json({ dropped }, 200, { "cache-control": "no-store" });
  },
);
