import { describe } from "@building-vitals/core/http/openapi";
import { parseBody } from "@building-vitals/core/http/parse-body";
import { joinReplays, replayDeadLetters } from "@building-vitals/core/sync/replay-dead-letters";
import { Hono } from "hono";
import { z } from "zod";
import { replaySchema } from "../answers.ts";
import { type Env, requireAdmin, settingsOf } from "../env.ts";
import { choiceFields, isChoice, deadLetterCursor, NO_CHOICE } from "../dead-letter-filter.ts";
import { storedByDatabase } from "../sites.ts";

const bodySchema = z.strictObject({ ...choiceFields, cursor: deadLetterCursor }).refine(isChoice, NO_CHOICE);

const described = describe({
  summary: "Decodes rejected records with the current catalogue and rules, and stores valid samples",
  access: "write",
  body: bodySchema,
  answers: {
    200: { description: "Counts of the dead letters by outcome", content: { "application/json": replaySchema } },
  },
  problems: ["invalid_request", "body_too_large", "unknown_site"],
});

/**
 * `POST /dead-letters/replay`: stores records that are valid samples by now; at most 500 dead letters a call. Safe to
 * repeat.
 */
export const replayDeadLettersRoute = new Hono<{ Bindings: Env }>().post(
  "/dead-letters/replay",
  described,
  requireAdmin,
  async (context) => {
    const settings = settingsOf(context.env);
    const { ids, site, reason, cursor: before } = await parseBody(context.req.raw, bodySchema);
    const filter = { ids, reason };
    const replays = [];
    for (const { db, sites } of await storedByDatabase(settings, site)) {
      const states = sites.map(({ state }) => state);
      replays.push(await replayDeadLetters(db, states, filter, Date.now(), before));
    }
    const { nextCursor, ...counts } = replays.reduce(joinReplays);
    const answer = { ...counts, next_cursor: nextCursor === null ? null : String(nextCursor) };
    return context.json(answer, 200, { "cache-control": "no-store" });
  },
);
