import { databaseOf } from "@building-vitals/core/d1/site-databases";
import { describe } from "@building-vitals/core/http/openapi";
import { findBeforeRange } from "@building-vitals/core/read/before-range";
import { coldLevel } from "@building-vitals/core/read/cold-level";
import { knownUntil } from "@building-vitals/core/query/coverage";
import { executeQuery } from "@building-vitals/core/query/execute";
import { judgeablePoint } from "@building-vitals/core/query/judge-point";
import { planQuery, readWithPlan, sampledDays } from "@building-vitals/core/query/plan";
import { withUnitChanges } from "@building-vitals/core/query/past-units";
import { dayVersion, readQueryState } from "@building-vitals/core/query/query-state";
import { shapeSeries } from "@building-vitals/core/query/shape";
import { readStored } from "@building-vitals/core/read/stored";
import { valuesInFlight } from "@building-vitals/core/query/values-in-flight";
import { Hono } from "hono";
import { z } from "zod";
import { keepAnswer, keptAnswer } from "../answer-cache.ts";
import type { Bounded } from "../bounded-answers.ts";
import { withinTime } from "../deadline.ts";
import { settingsOf } from "../env.ts";
import { cacheControl, etagOf, isClosed, isKnown, IF_NONE_MATCH, NOT_MODIFIED } from "../etag.ts";
import { pointsNamed } from "../point-names.ts";
import { candidateNames } from "../read-names.ts";
import { configuredSite } from "../site.ts";
import { Stages } from "../stages.ts";
import { columnsSchema, rowsSchema } from "../timeseries/answer-schema.ts";
import { metadataOf } from "../timeseries/metadata.ts";
import { parseTimeseriesRequest, querySchema } from "../timeseries/request.ts";
import { answerBody } from "../timeseries/respond.ts";
import { logUnreadable } from "../unreadable.ts";

/** Larger answers are not kept: writing them a second time would cost as much as reading them again. */
const MAX_KEPT_VALUES = 200_000;

const described = describe({
  summary: "The samples of points in a range, raw or in buckets",
  access: "read",
  query: querySchema,
  headers: IF_NONE_MATCH,
  answers: {
    200: {
      description: "By format: columns, rows, CSV or an Arrow IPC stream",
      content: {
        "application/json": z.union([columnsSchema, rowsSchema]),
        "text/csv": null,
        "application/vnd.apache.arrow.stream": null,
      },
    },
    304: NOT_MODIFIED,
  },
  problems: [
    "invalid_request",
    "epoch_seconds",
    "span_too_long",
    "too_many_points",
    "unknown_site",
    "ambiguous_point_names",
    "unknown_point",
    "too_much_data",
    "query_timeout",
    "busy",
  ],
});

/** `GET /timeseries/query`: the samples of points in a range, raw or in buckets. */
export const timeseriesRoute = new Hono<Bounded>().get("/timeseries/query", described, async (context) => {
  const started = Date.now();
  const settings = settingsOf(context.env);
  const { point_names: names, tz, ...request } = parseTimeseriesRequest(context.req.queries());
  const { range, interval, maxPoints, thinTo, fill, units } = request;
  const site = configuredSite(settings, request.site_name, "site_name");
  const store = databaseOf(settings, site);
  const timeZone = tz ?? site.timezone;
  const stages = new Stages(Date.now);
  // The state before the samples: an answer may be newer than its ETag, and never older.
  const state = await stages.time("catalog", () => readQueryState(store, site.name, candidateNames(names), range));
  const { siteId, watermark, days, hours } = state;
  const { points, unknown } = pointsNamed(site.name, state.points, names, "point_names");
  if (siteId === null) throw new Error("a site without an id has no points to be found");
  const until = knownUntil(range, days, watermark);
  const ids = points.map(({ id }) => id);
  const queried = points.map(judgeablePoint);
  // A value that is carried into the range depends on samples before it.
  const before =
    fill === "locf" ? await stages.time("catalog", () => findBeforeRange(store, siteId, ids, range.start)) : null;
  const etag = await etagOf(settings, "timeseries", { ...request, timeZone, unknown }, [
    queried,
    days.map(dayVersion),
    hours.map(({ hour, version, isRolledUp }) => [hour, version, isRolledUp]),
    until,
    before?.state ?? null,
  ]);
  const isOfClosedRange = isClosed(range.end, until, started);
  const cached = { etag, "cache-control": cacheControl(settings, isOfClosedRange) };
  if (isKnown(context.req.raw, etag)) {
    return context.body(null, 304, { ...cached, "server-timing": stages.header() });
  }
  const kept = isOfClosedRange ? await stages.time("cache", () => keptAnswer(context.req.url, etag)) : null;
  if (kept !== null) {
    return new Response(kept.body, { headers: { ...kept.headers, ...cached, "server-timing": stages.header() } });
  }
  const asked = { points: queried, range, interval, maxPoints, fill, timeZone, watermark };
  const permit = await stages.time("wait", () => context.var.admit(valuesInFlight(asked)));
  // Everything is read before the first byte is sent, so that a failure can still be told as one.
  const { plan, answer } = await withinTime(
    { db: store, bucket: settings.TIMESERIES },
    stages,
    context.req.raw.signal,
    async ({ db, bucket }) => {
      const [wanted, located] = [readWithPlan(asked, hours.length > 0), sampledDays(asked)];
      const stored = await stages.time("plan", () => readStored(db, siteId, ids, range, wanted, located));
      const planned = planQuery({ ...asked, stored: withUnitChanges(stored, queried, range) });
      return { plan: planned, answer: await executeQuery(coldLevel(db, bucket, siteId), planned, started, before) };
    },
  );
  logUnreadable(site, answer);
  const isAllKnown = answer.until >= range.end;
  const shown = { bounds: plan.bounds, until: isAllKnown ? Number.POSITIVE_INFINITY : answer.until };
  const { series, downsampled } = await stages.time("compute", async () =>
    shapeSeries(answer.series, shown, { thinTo, fill, units }),
  );
  const metadata = metadataOf(
    answer,
    plan,
    queried,
    { downsampled, fill, units, unknown_points: unknown },
    Date.now() - started,
  );
  const values = series.reduce((sum, { times }) => sum + times.length, 0);
  permit.shrinkTo(values);
  // What could not be read now may be readable in a moment.
  const isKept = isOfClosedRange && !metadata.partial && values <= MAX_KEPT_VALUES;
  const write = (isHit: boolean) => {
    return answerBody(request.format, {
      siteName: site.name,
      range,
      series,
      metadata: { ...metadata, cache_hit: isHit },
      isLast: !isKept,
    });
  };
  const { body, headers } = write(false);
  const timing = { "server-timing": stages.header() };
  if (metadata.partial) return context.body(body, 200, { ...headers, ...timing, "cache-control": "no-store" });
  if (isKept) {
    const hit = write(true);
    context.executionCtx.waitUntil(keepAnswer(context.req.url, etag, hit.body, hit.headers));
  }
  return context.body(body, 200, { ...headers, ...cached, ...timing });
});
