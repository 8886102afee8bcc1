import { readLastSeen } from "@building-vitals/core/catalog/last-seen";
import { parsePointPage, pointPageStatement } from "@building-vitals/core/catalog/point-list";
import { withD1Retry } from "@building-vitals/core/d1/retry";
import { type Cadence, expectationOf } from "@building-vitals/core/domain/expectation";
import { describe } from "@building-vitals/core/http/openapi";
import { parseInput } from "@building-vitals/core/http/parse-body";
import { once, wholeNumber } from "@building-vitals/core/http/parameters";
import { siteVersionStatements } from "@building-vitals/core/query/query-state";
import { Hono } from "hono";
import { z } from "zod";
import { answerOfState } from "../conditional.ts";
import { type Env, settingsOf } from "../env.ts";
import { siteOf } from "../site.ts";
import { Stages } from "../stages.ts";
import { IF_NONE_MATCH, NOT_MODIFIED } from "../etag.ts";

const querySchema = z.strictObject({
  search: once(z.string().max(200).optional()).meta({
    description: "Text within the name, label, unit, or a tag's name or value; ASCII letters match in any case",
  }),
  tag: once(z.string().min(1).max(200).optional()).meta({ description: "A marker, a tag's name, or `name:value`" }),
  unit: once(z.string().min(1).max(200).optional()).meta({
    description: "A unit, such as `°F` or `degrees-fahrenheit`",
  }),
  limit: once(wholeNumber(1, 1000).default(100)).meta({ description: "Points per page" }),
  cursor: once(z.string().min(1).max(2000).optional()).meta({
    // the last name of the previous page, so points added meanwhile skip no other point
    description: "`next_cursor` of the previous page",
  }),
});

const answerSchema = z.strictObject({
  points: z.array(
    z.strictObject({
      name: z.string(),
      unit: z.string().nullable(),
      label: z.string().nullable(),
      tags: z.strictObject({ kv: z.record(z.string(), z.string()), markers: z.array(z.string()) }),
      interval_s: z.int().nullable().meta({ description: "seconds between samples; null: unknown" }),
      gap_after_s: z.number().nullable().meta({
        description: "a longer time without a sample is a gap, seconds; null: gaps are unknown",
      }),
      configured: z.boolean().meta({ description: "whether its samples are stored" }),
      first_seen: z.iso.datetime().nullable(),
      last_seen: z.iso.datetime().nullable().meta({ description: "newest sample of both levels" }),
    }),
  ),
  next_cursor: z.string().nullable(),
});

const described = describe({
  summary: "The points that can be charted, in pages, ordered by name",
  access: "read",
  path: { site: "A site's name" },
  query: querySchema,
  headers: IF_NONE_MATCH,
  answers: {
    200: { description: "A page", content: { "application/json": answerSchema } },
    304: NOT_MODIFIED,
  },
  problems: ["invalid_request", "unknown_site"],
});

function gapAfterS(point: Cadence): number | null {
  const expectation = expectationOf(point);
  return expectation === null ? null : expectation.toleranceMs / 1000;
}

/** `GET /sites/{site}/points`: the points that can be charted, in pages, ordered by name. */
export const pointsRoute = new Hono<{ Bindings: Env }>().get("/sites/:site/points", described, async (context) => {
  const settings = settingsOf(context.env);
  const { cursor: after, ...filter } = parseInput(querySchema, context.req.queries());
  const { id, name, db } = await siteOf(settings, context.req.param("site"), "site");
  const stages = new Stages(Date.now);
  // A site without a sync has no id and no points. No site has id 0.
  const siteId = id ?? 0;
  const [found, ...versions] = await stages.time("catalog", () =>
    withD1Retry(() =>
      db.batch([pointPageStatement(db, siteId, { ...filter, after }), ...siteVersionStatements(db, name)]),
    ),
  );
  const page = parsePointPage(found?.results, filter);
  const state = [page, versions.map(({ results }) => results)];
  return answerOfState(context, stages, { route: "points", asked: [name, filter, after], state }, async () => {
    const ids = page.points.map((point) => point.id);
    const lastSeen = await stages.time("d1", () => readLastSeen(db, ids));
    const iso = (time: number | null | undefined) => (time == null ? null : new Date(time).toISOString());
    const answer: z.infer<typeof answerSchema> = {
      points: page.points.map((point) => ({
        name: point.name,
        unit: point.unit,
        label: point.label,
        tags: point.tags,
        interval_s: point.intervalS,
        gap_after_s: gapAfterS(point),
        configured: point.configured,
        first_seen: iso(point.firstSeen),
        last_seen: iso(lastSeen.get(point.id)),
      })),
      next_cursor: page.hasMore ? (page.points.at(-1)?.name ?? null) : null,
    };
    return { text: JSON.stringify(answer), isPartial: false };
  });
});
