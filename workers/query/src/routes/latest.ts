import { type NamedUnits, parseUnits, unitsStatements } from "@building-vitals/core/catalog/block-points";
import { findPoints } from "@building-vitals/core/catalog/point-list";
import { databaseOf } from "@building-vitals/core/d1/site-databases";
import { withD1Retry } from "@building-vitals/core/d1/retry";
import { describe } from "@building-vitals/core/http/openapi";
import { parseInput } from "@building-vitals/core/http/parse-body";
import { coldLevel } from "@building-vitals/core/read/cold-level";
import { type LatestAnswer, readLatestOfBoth } from "@building-vitals/core/read/latest";
import { inUnitOfNow, pastUnits } from "@building-vitals/core/query/past-units";
import { foundSiteId, newestFileDay, siteVersionStatements } from "@building-vitals/core/query/query-state";
import { VALUES_PER_ROW } from "@building-vitals/core/query/values-in-flight";
import { numberText } from "@building-vitals/core/store/segment-body";
import { Hono } from "hono";
import { z } from "zod";
import type { Bounded } from "../bounded-answers.ts";
import { answerOfState } from "../conditional.ts";
import { withinTime } from "../deadline.ts";
import { settingsOf } from "../env.ts";
import { findParameters, foundPoints, isFinding, refuseNamesBesideFilter } from "../found-points.ts";
import { A_POINT_LIST, pointsNamed, unknownPointsSchema } from "../point-names.ts";
import { candidateNames } from "../read-names.ts";
import { configuredSite } from "../site.ts";
import { Stages } from "../stages.ts";
import { logUnreadable } from "../unreadable.ts";

const querySchema = z.strictObject({
  points: z
    .array(z.string())
    .min(1)
    .optional()
    .meta({ description: `Names, ${A_POINT_LIST}, at most 100; default: all points that have a sample` }),
  ...findParameters,
});

const answerSchema = z.strictObject({
  site_name: z.string(),
  points: z.array(
    z.strictObject({
      name: z.string(),
      unit: z.string().nullable(),
      timestamp: z.int().nullable().meta({ description: "epoch milliseconds UTC; null: no sample" }),
      value: z.number().nullable(),
      age_s: z.int().nullable().meta({ description: "seconds from the sample to this answer" }),
    }),
  ),
  unknown_points: unknownPointsSchema.optional(),
  partial: z.boolean(),
});

const NOTHING: LatestAnswer = { samples: new Map(), partial: false, unreadable: [], misplaced: [] };

const described = describe({
  summary: "The newest sample of the named points, or of all points that have one",
  access: "read",
  path: { site: "A site's name" },
  query: querySchema,
  headers: {
    "if-none-match": "The ETag of the client's copy: 304 if only `age_s` has changed",
  },
  answers: {
    200: { description: "The samples", content: { "application/json": answerSchema } },
    304: { description: "The client's copy is current, except for `age_s`" },
  },
  problems: [
    "invalid_request",
    "unsupported_filter",
    "unknown_site",
    "ambiguous_point_names",
    "unknown_point",
    "too_many_points",
    "query_timeout",
    "busy",
  ],
});

/** `GET /sites/{site}/latest`: the newest sample of the named points, or of all points that have one. */
export const latestRoute = new Hono<Bounded>().get("/sites/:site/latest", described, async (context) => {
  const settings = settingsOf(context.env);
  const { points: names, ...query } = parseInput(querySchema, context.req.queries());
  refuseNamesBesideFilter(names, query, "points");
  const site = configuredSite(settings, context.req.param("site"), "site");
  const db = databaseOf(settings, site);
  const stages = new Stages(Date.now);
  // Reads the versions before the samples: an answer can be newer than its ETag, never older.
  const [stamp, files, ...units] = await stages.time("catalog", () =>
    withD1Retry(() =>
      db.batch([
        ...siteVersionStatements(db, site.name),
        ...(names === undefined ? unitsStatements(db, site.name) : []),
      ]),
    ),
  );
  const matching = async (all: readonly NamedUnits[]) => {
    if (!isFinding(query)) return all;
    const found = new Set((await foundPoints(db, site.name, query)).map(({ id }) => id));
    return all.filter(({ id }) => found.has(id));
  };
  const { points: wanted, unknown } = await stages.time(
    "catalog",
    async (): Promise<{ points: readonly NamedUnits[]; unknown: readonly string[] | null }> =>
      names === undefined
        ? { points: await matching(parseUnits(units[0]?.results, units[1]?.results)), unknown: null }
        : pointsNamed(site.name, await findPoints(db, site.name, candidateNames(names)), names, "points"),
  );
  const siteId = foundSiteId(stamp?.results);
  const newestFile = newestFileDay(files?.results);
  const state = [
    names === undefined && !isFinding(query)
      ? units.map(({ results }) => results)
      : wanted.map(({ id, name, unit, past }) => [id, name, unit, past]),
    unknown,
    [stamp?.results, files?.results],
  ];
  const asked = [site.name, names === undefined, query];
  return answerOfState(context, stages, { route: "latest", asked, state }, async () => {
    await stages.time("wait", () => context.var.admit(VALUES_PER_ROW * wanted.length));
    const now = Date.now();
    const { signal } = context.req.raw;
    const latest =
      siteId === null
        ? NOTHING
        : await withinTime({ db, bucket: settings.TIMESERIES }, stages, signal, ({ db: watched, bucket }) =>
            readLatestOfBoth(coldLevel(watched, bucket, siteId), wanted, newestFile, now),
          );
    logUnreadable(site, latest);
    // A named point without a sample is listed with null; without names, only points with a sample are listed.
    const listed = names === undefined ? wanted.filter((point) => latest.samples.has(point.id)) : wanted;
    const points = listed.map((point) => {
      const { id, name, unit } = point;
      const sample = latest.samples.get(id);
      const age_s = sample === undefined ? null : Math.round((now - sample.time) / 1000);
      const value =
        sample === undefined ? "null" : numberText(inUnitOfNow(pastUnits(point), sample.time, sample.value));
      // Written by hand, because JSON.stringify writes -0 as 0.
      const head = `"name":${JSON.stringify(name)},"unit":${JSON.stringify(unit)}`;
      return `{${head},"timestamp":${sample?.time ?? null},"value":${value},"age_s":${age_s}}`;
    });
    const lacking = unknown === null ? "" : `"unknown_points":${JSON.stringify(unknown)},`;
    const text = `{"site_name":${JSON.stringify(site.name)},"points":[${points.join()}],${lacking}"partial":${latest.partial}}`;
    return { text, isPartial: latest.partial };
  });
});
