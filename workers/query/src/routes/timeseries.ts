import { executeQuery, readHotRange } from "@building-vitals/core/query/execute";
import { planQuery } from "@building-vitals/core/query/plan";
import { readWatermarks } from "@building-vitals/core/query/watermarks";
import { Hono } from "hono";
import { type Env, settingsOf } from "../env.ts";
import { pointsNamed } from "../point-names.ts";
import { siteOf } from "../site.ts";
import { metadataOf } from "../timeseries/metadata.ts";
import { parseTimeseriesRequest } from "../timeseries/request.ts";
import { streamPieces, writeJson, writeRows } from "../timeseries/write-json.ts";

/** `GET /timeseries/query`: the samples of points in a range, raw or in buckets. */
export const timeseriesRoute = new Hono<{ Bindings: Env }>().get("/timeseries/query", async (context) => {
  const started = Date.now();
  const settings = settingsOf(context.env);
  const { DB } = settings;
  const request = parseTimeseriesRequest(context.req.queries());
  const { range } = request;
  const site = await siteOf(settings, request.site_name, "site_name");
  const [points, hot, watermarks] = await Promise.all([
    pointsNamed(DB, site, request.point_names, "point_names"),
    readHotRange(DB),
    readWatermarks(DB, [site.name]),
  ]);
  const queried = points.map(({ id, name, unit, intervalS }) => ({
    id,
    name,
    unit,
    // A configured interval of less than half a second is stored as 0.
    cadenceMs: intervalS === null || intervalS === 0 ? null : intervalS * 1000,
  }));
  const { interval, max_points: maxPoints } = request;
  // Everything is read before the first byte is sent, so that a failure can still be told as one.
  const plan = planQuery({ points: queried, range, interval, maxPoints, hot });
  // Where no window has ended yet, nothing is known to be whole.
  const watermark = watermarks.get(site.name) ?? range.start;
  // What the sync has not come to yet is pending, not missing.
  const answer = await executeQuery(DB, plan, queried, range, request.tz ?? site.timezone, watermark);
  const metadata = metadataOf(answer, plan.interval, range, watermark, Date.now() - started);
  const write = request.format === "rows" ? writeRows : writeJson;
  return context.body(streamPieces(write(site.name, answer, metadata)), 200, {
    "content-type": "application/json; charset=utf-8",
    "cache-control": "no-store",
  });
});
