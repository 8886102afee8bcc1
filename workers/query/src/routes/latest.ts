import { listPoints } from "@building-vitals/core/catalog/point-list";
import { numberText } from "@building-vitals/core/hot/hour-row";
import { parseInput } from "@building-vitals/core/http/parse-body";
import { coldLevel } from "@building-vitals/core/query/cold-level";
import { type LatestAnswer, readLatestOfBoth } from "@building-vitals/core/query/latest";
import { Hono } from "hono";
import { z } from "zod";
import { type Env, settingsOf } from "../env.ts";
import { pointsNamed } from "../point-names.ts";
import { siteOf } from "../site.ts";
import { logUnreadable } from "../unreadable.ts";

const querySchema = z.strictObject({ points: z.array(z.string()).min(1).optional() });

/** More points than any site that was seen, by far. */
const ALL_POINTS = 50_000;

const NOTHING: LatestAnswer = { samples: new Map(), partial: false, unreadable: [] };

/** `GET /sites/{site}/latest`: the newest sample of the points asked for, or of all that have one. */
export const latestRoute = new Hono<{ Bindings: Env }>().get("/sites/:site/latest", async (context) => {
  const settings = settingsOf(context.env);
  const { points: names } = parseInput(querySchema, context.req.queries());
  const site = await siteOf(settings, context.req.param("site"), "site");
  const now = Date.now();
  const wanted =
    names !== undefined
      ? await pointsNamed(settings.DB, site, names, "points")
      : site.id === null
        ? []
        : (await listPoints(settings.DB, site.id, { limit: ALL_POINTS })).points;
  const latest =
    site.id === null
      ? NOTHING
      : await readLatestOfBoth(coldLevel(settings.DB, settings.TIMESERIES, site.id), wanted, now);
  logUnreadable(site, latest.unreadable);
  // Of a point that was named it is said that it has no sample; of all the others, only those that have are listed.
  const listed = names === undefined ? wanted.filter((point) => latest.samples.has(point.id)) : wanted;
  const points = listed.map(({ id, name, unit }) => {
    const sample = latest.samples.get(id);
    const age_s = sample === undefined ? null : Math.round((now - sample.time) / 1000);
    const value = sample === undefined ? "null" : numberText(sample.value);
    // By hand, for JSON.stringify would write a value of -0 as 0.
    const what = `"name":${JSON.stringify(name)},"unit":${JSON.stringify(unit)}`;
    return `{${what},"timestamp":${sample?.time ?? null},"value":${value},"age_s":${age_s}}`;
  });
  return context.body(
    `{"site_name":${JSON.stringify(site.name)},"points":[${points.join()}],"partial":${latest.partial}}`,
    200,
    {
      "content-type": "application/json; charset=utf-8",
      "cache-control": "no-store",
    },
  );
});
