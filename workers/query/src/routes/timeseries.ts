import { coldLevel } from "@building-vitals/core/query/cold-level";
import { executeQuery } from "@building-vitals/core/query/execute";
import { mayNeedRollups, planQuery } from "@building-vitals/core/query/plan";
import { shapeSeries } from "@building-vitals/core/query/shape";
import { readStored } from "@building-vitals/core/query/stored";
import { readWatermarks } from "@building-vitals/core/query/watermarks";
import { Hono } from "hono";
import { type Env, settingsOf } from "../env.ts";
import { pointsNamed } from "../point-names.ts";
import { siteOf } from "../site.ts";
import { metadataOf } from "../timeseries/metadata.ts";
import { parseTimeseriesRequest } from "../timeseries/request.ts";
import { answerBody } from "../timeseries/respond.ts";
import { logUnreadable } from "../unreadable.ts";

/** `GET /timeseries/query`: the samples of points in a range, raw or in buckets. */
export const timeseriesRoute = new Hono<{ Bindings: Env }>().get("/timeseries/query", async (context) => {
  const started = Date.now();
  const settings = settingsOf(context.env);
  const { DB, TIMESERIES } = settings;
  const request = parseTimeseriesRequest(context.req.queries());
  const { range } = request;
  const site = await siteOf(settings, request.site_name, "site_name");
  // The watermark before the samples: all before it is then among them.
  const [points, watermarks] = await Promise.all([
    pointsNamed(DB, site, request.point_names, "point_names"),
    readWatermarks(DB, [site.name]),
  ]);
  if (site.id === null) throw new Error("a site without an id has no points to be found");
  const queried = points.map(({ id, name, unit, intervalS }) => ({
    id,
    name,
    unit,
    // A configured interval of less than half a second is stored as 0.
    cadenceMs: intervalS === null || intervalS === 0 ? null : intervalS * 1000,
  }));
  const { interval, maxPoints, thinTo, fill, units } = request;
  const timeZone = request.tz ?? site.timezone;
  const watermark = watermarks.get(site.name) ?? null;
  const asked = { points: queried, range, interval, maxPoints, fill, timeZone, watermark };
  const ids = queried.map((point) => point.id);
  const stored = await readStored(DB, site.id, ids, range, mayNeedRollups(asked) ? "rollups" : "locators");
  const plan = planQuery({ ...asked, stored });
  // Everything is read before the first byte is sent, so that a failure can still be told as one.
  const cold = coldLevel(DB, TIMESERIES, site.id);
  const answer = await executeQuery(cold, plan, started);
  logUnreadable(site, answer.unreadable);
  const shown = { bounds: plan.bounds, until: answer.until };
  const { series, downsampled } = shapeSeries(answer.series, shown, { thinTo, fill, units });
  const metadata = metadataOf(answer, plan, { downsampled, fill, units }, Date.now() - started);
  const { body, headers } = answerBody(request.format, { siteName: site.name, range, series, metadata });
  return context.body(body, 200, { ...headers, "cache-control": "no-store" });
});
