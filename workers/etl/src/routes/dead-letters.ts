import { describe } from "@building-vitals/core/http/openapi";
import { once, wholeNumber } from "@building-vitals/core/http/parameters";
import { parseInput } from "@building-vitals/core/http/parse-body";
import { readDeadLetters } from "@building-vitals/core/sync/dead-letters";
import { Hono } from "hono";
import { z } from "zod";
import { deadLettersSchema } from "../answers.ts";
import { type Env, requireAdmin, settingsOf } from "../env.ts";
import { deadLetterCursor, deadLetterFilter } from "../dead-letter-filter.ts";
import { storedByDatabase } from "../sites.ts";

const querySchema = z.strictObject({
  site: once(deadLetterFilter.site),
  reason: once(deadLetterFilter.reason),
  limit: once(wholeNumber(1, 500).default(100)),
  cursor: once(deadLetterCursor).meta({ description: "`next_cursor` of the previous answer" }),
});

const described = describe({
  summary: "Rejected records, some of each reason, and failed writes; newest first",
  access: "write",
  query: querySchema,
  answers: { 200: { description: "A page", content: { "application/json": deadLettersSchema } } },
  problems: ["invalid_request", "unknown_site"],
});

/** `GET /dead-letters`: records that were not stored. It shows the API's records, so it needs the token. */
export const deadLettersRoute = new Hono<{ Bindings: Env }>().get(
  "/dead-letters",
  described,
  requireAdmin,
  async (context) => {
    const settings = settingsOf(context.env);
    const { site: only, reason, limit, cursor: before } = parseInput(querySchema, context.req.queries());
    const databases = await storedByDatabase(settings, only);
    const pages = await Promise.all(
      databases.map(async ({ db, sites }) => {
        const siteNames = new Map(sites.map(({ id, name }) => [id, name]));
        // one entry more than the limit shows whether another page follows
        const ofDatabase = await readDeadLetters(db, { siteIds: [...siteNames.keys()], reason }, limit + 1, before);
        return ofDatabase.map((letter) => ({ ...letter, site: siteNames.get(letter.siteId) ?? "" }));
      }),
    );
    const found = pages.flat().sort((a, b) => b.id - a.id);
    const letters = found.slice(0, limit).map(({ id, site, syncId, at, page, about }) => ({
      id: String(id),
      site,
      reason: about.reason,
      at: new Date(at).toISOString(),
      sync_id: syncId,
      window:
        page === null
          ? null
          : { start: new Date(page.window.start).toISOString(), end: new Date(page.window.end).toISOString() },
      cursor: page?.cursor ?? null,
      ...(about.reason === "write_failed"
        ? { record: null, failure: { stage: about.stage, error: about.error, samples: about.samples } }
        : { record: about.record, failure: null }),
    }));
    const nextCursor = found.length > limit ? (letters.at(-1)?.id ?? null) : null;
    return context.json({ letters, next_cursor: nextCursor }, 200, { "cache-control": "no-store" });
  },
);
