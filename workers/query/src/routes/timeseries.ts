import { coldLevel } from "@building-vitals/core/query/cold-level";
import { executeQuery } from "@building-vitals/core/query/execute";
import { planQuery } from "@building-vitals/core/query/plan";
import { readStored } from "@building-vitals/core/query/stored";
import { readWatermarks } from "@building-vitals/core/query/watermarks";
import { Hono } from "hono";
import { type Env, settingsOf } from "../env.ts";
import { pointsNamed } from "../point-names.ts";
import { siteOf } from "../site.ts";
import { metadataOf } from "../timeseries/metadata.ts";
import { parseTimeseriesRequest } from "../timeseries/request.ts";
import { streamPieces, writeJson, writeRows } from "../timeseries/write-json.ts";
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
  const { interval, max_points: maxPoints } = request;
  const stored = await readStored(
    DB,
    site.id,
    queried.map((point) => point.id),
    range,
  );
  const watermark = watermarks.get(site.name) ?? null;
  const plan = planQuery({ points: queried, range, interval, maxPoints, stored, watermark });
  // Everything is read before the first byte is sent, so that a failure can still be told as one.
  const cold = coldLevel(DB, TIMESERIES, site.id);
  const answer = await executeQuery(cold, plan, request.tz ?? site.timezone, started);
  logUnreadable(site, answer.unreadable);
  const metadata = metadataOf(answer, plan, Date.now() - started);
  const write = request.format === "rows" ? writeRows : writeJson;
  return context.body(streamPieces(write(site.name, answer, metadata)), 200, {
    "content-type": "application/json; charset=utf-8",
    "cache-control": "no-store",
  });
});
