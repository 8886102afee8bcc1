import { QUANTITIES, quantityOf } from "@building-vitals/core/domain/quantity";
import { readLastSeen } from "@building-vitals/core/catalog/last-seen";
import { pointsVersionStatement, sitePoints } from "@building-vitals/core/catalog/point-index";
import { pointsOfIds, type StoredPoint } from "@building-vitals/core/catalog/point-list";
import { databaseOf } from "@building-vitals/core/d1/site-databases";
import { withD1Retry } from "@building-vitals/core/d1/retry";
import { type Cadence, expectationOf } from "@building-vitals/core/domain/expectation";
import { Problem } from "@building-vitals/core/domain/problem";
import { describe } from "@building-vitals/core/http/openapi";
import { parseInput } from "@building-vitals/core/http/parse-body";
import { once, wholeNumber } from "@building-vitals/core/http/parameters";
import { siteVersionStatements } from "@building-vitals/core/query/query-state";
import { Hono } from "hono";
import { z } from "zod";
import { answerOfState } from "../conditional.ts";
import { type Env, settingsOf } from "../env.ts";
import { findParameters, findWith } from "../found-points.ts";
import { configuredSite } from "../site.ts";
import { Stages } from "../stages.ts";
import { IF_NONE_MATCH, NOT_MODIFIED } from "../etag.ts";

const querySchema = z.strictObject({
  ...findParameters,
  tag: once(z.string().min(1).max(200).optional()).meta({ description: "A marker, a tag's name, or `name:value`" }),
  unit: once(z.string().min(1).max(200).optional()).meta({
    description: "A unit, such as `°F` or `degrees-fahrenheit`",
  }),
  limit: once(wholeNumber(1, 1000).default(100)).meta({ description: "Points per page" }),
  cursor: once(z.string().min(1).max(2000).optional()).meta({
    // the last name of the previous page, so points added meanwhile skip no other point; a search's rank stands before it
    description: "`next_cursor` of the previous page",
  }),
});

const answerSchema = z.strictObject({
  points: z.array(
    z.strictObject({
      name: z.string(),
      unit: z.string().nullable(),
      label: z.string().nullable(),
      quantity: z.enum(QUANTITIES).meta({ description: "what the values measure; decides the aggregates of agg=auto" }),
      quantity_reason: z.string().meta({ description: "the evidence, such as `unit kWh`" }),
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

function quantityFields(point: StoredPoint) {
  const { quantity, reason } = quantityOf(point);
  return { quantity, quantity_reason: reason };
}

const described = describe({
  summary: "The points that can be charted, in pages: in the natural order of names, or the best of a search first",
  access: "read",
  path: { site: "A site's name" },
  query: querySchema,
  headers: IF_NONE_MATCH,
  answers: {
    200: { description: "A page", content: { "application/json": answerSchema } },
    304: NOT_MODIFIED,
  },
  problems: ["invalid_request", "unsupported_filter", "unknown_site"],
});

function gapAfterS(point: Cadence): number | null {
  const expectation = expectationOf(point);
  return expectation === null ? null : expectation.toleranceMs / 1000;
}

/** `GET /sites/{site}/points`: the points that can be charted, in pages: in the natural order of names, or the best of a search first. */
export const pointsRoute = new Hono<{ Bindings: Env }>().get("/sites/:site/points", described, async (context) => {
  const settings = settingsOf(context.env);
  const { cursor: after, ...filter } = parseInput(querySchema, context.req.queries());
  const site = configuredSite(settings, context.req.param("site"), "site");
  const db = databaseOf(settings, site);
  const stages = new Stages(Date.now);
  const { limit, ...query } = filter;
  const { found, versions } = await stages.time("catalog", async () => {
    const [version, ...others] = await withD1Retry(() =>
      db.batch([pointsVersionStatement(db, site.name), ...siteVersionStatements(db, site.name)]),
    );
    const { index } = await sitePoints(db, site.name, version?.results);
    return { found: findWith(() => index.page(query, after, limit)), versions: others };
  });
  if (found === null) {
    const detail = "cursor: is not of this search; give `next_cursor` of the page before, or none.";
    throw new Problem("invalid_request", detail, "cursor");
  }
  const points = await stages.time("catalog", () => pointsOfIds(db, found.ids));
  const state = [points, found.next, versions.map(({ results }) => results)];
  const asked = [site.name, filter, after];
  return answerOfState(context, stages, { route: "points", asked, state }, async () => {
    const ids = points.map((point) => point.id);
    const lastSeen = await stages.time("d1", () => readLastSeen(db, ids));
    const iso = (time: number | null | undefined) => (time == null ? null : new Date(time).toISOString());
    const answer: z.infer<typeof answerSchema> = {
      points: points.map((point) => ({
        name: point.name,
        unit: point.unit,
        label: point.label,
        ...quantityFields(point),
        tags: point.tags,
        interval_s: point.intervalS,
        gap_after_s: gapAfterS(point),
        configured: point.configured,
        first_seen: iso(point.firstSeen),
        last_seen: iso(lastSeen.get(point.id)),
      })),
      next_cursor: found.next,
    };
    return { text: JSON.stringify(answer), isPartial: false };
  });
});
