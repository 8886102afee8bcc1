import { describe } from "@building-vitals/core/http/openapi";
import { valuesInFlight } from "@building-vitals/core/query/values-in-flight";
import { type Context, Hono } from "hono";
import { z } from "zod";
import { keepAnswer, keptAnswer } from "../answer-cache.ts";
import type { Bounded } from "../bounded-answers.ts";
import { withinTime } from "../deadline.ts";
import { settingsOf } from "../env.ts";
import { cacheControl, isClosed, isKnown, IF_NONE_MATCH, NOT_MODIFIED } from "../etag.ts";
import { Stages } from "../stages.ts";
import { columnsSchema, rowsSchema } from "../timeseries/answer-schema.ts";
import {
  parseTimeseriesBody,
  parseTimeseriesRequest,
  queryBodySchema,
  querySchema,
  type TimeseriesRequest,
} from "../timeseries/request.ts";
import { answerBody } from "../timeseries/respond.ts";
import { findQuery, queryEtag, readAnswer, type ResolvedQuery, shapeAnswer } from "../timeseries/run-query.ts";
import { logUnreadable } from "../unreadable.ts";

/** Larger answers are not cached: writing them a second time costs as much as reading them again. */
const MAX_KEPT_VALUES = 200_000;

const EXAMPLE = {
  site_name: "ses_falls_city",
  point_names: ["ses/ses_falls_city/ahu1/MixedAirTemp"],
  start_time: "now-1M/M",
  end_time: "now/M",
  interval: "1day",
};

const CONTENT = {
  "application/json": z.union([columnsSchema, rowsSchema]),
  "text/csv": null,
  "application/vnd.apache.arrow.stream": null,
};

const PROBLEMS = [
  "invalid_request",
  "epoch_seconds",
  "agg_not_for_quantity",
  "span_too_long",
  "too_many_points",
  "unsupported_filter",
  "unknown_site",
  "unknown_point",
  "too_much_data",
  "query_timeout",
  "busy",
] as const;

const describedGet = describe({
  summary: "Samples of points in a range, raw or in buckets",
  access: "read",
  query: querySchema,
  headers: IF_NONE_MATCH,
  example: EXAMPLE,
  answers: {
    200: { description: "By format: columns, rows, CSV or an Arrow IPC stream", content: CONTENT },
    304: NOT_MODIFIED,
  },
  problems: [...PROBLEMS, "ambiguous_point_names"],
});

const describedPost = describe({
  summary: "The same by a JSON body, for long lists and for buckets of your own",
  description:
    "Numbers may be JSON numbers. Names are never split at commas. The answer has no ETag and is not stored.",
  access: "read",
  body: queryBodySchema,
  example: {
    site_name: EXAMPLE.site_name,
    point_names: EXAMPLE.point_names,
    bounds: ["2026-08-17", "2026-09-16", "2026-10-15", "2026-11-16"],
  },
  answers: { 200: { description: "As of GET", content: CONTENT } },
  problems: [...PROBLEMS, "body_too_large"],
});

/** Reads an answer whose state is known. Waits for a share of the isolate's memory first. */
async function answerOf(
  context: Context<Bounded>,
  request: TimeseriesRequest,
  query: ResolvedQuery,
  stages: Stages,
  started: number,
) {
  const permit = await stages.time("wait", () => context.var.admit(valuesInFlight(query.planned)));
  const stores = { db: query.db, bucket: settingsOf(context.env).TIMESERIES };
  // Reads everything before it sends the first byte, so that a failure can still become an error response.
  const read = await withinTime(stores, stages, context.req.raw.signal, (watched) =>
    readAnswer(watched, query, stages, started),
  );
  logUnreadable(query.site, read.answer);
  const { series, metadata } = await shapeAnswer(read, request, query, stages, started);
  const values = series.reduce((sum, { times }) => sum + times.length, 0);
  permit.shrinkTo(values);
  const write = (isHit: boolean, isLast: boolean) => {
    return answerBody(request, {
      siteName: query.site.name,
      range: query.planned.range,
      timeZone: query.timeZone,
      bounds: read.plan.bounds,
      series,
      metadata: { ...metadata, cache_hit: isHit },
      isLast,
    });
  };
  return { write, values, isPartial: metadata.partial };
}

/** `GET` and `POST /timeseries/query`: samples of points in a range, raw or in buckets. */
export const timeseriesRoute = new Hono<Bounded>()
  .get("/timeseries/query", describedGet, async (context) => {
    const started = Date.now();
    const settings = settingsOf(context.env);
    const stages = new Stages(Date.now);
    const request = parseTimeseriesRequest(context.req.queries());
    const query = await findQuery(settings, request, stages, started);
    const etag = await queryEtag(settings, request, query);
    const isOfClosedRange = isClosed(query.planned.range.end, query.until, started);
    const cached = { etag, "cache-control": cacheControl(settings, isOfClosedRange) };
    if (isKnown(context.req.raw, etag)) {
      return context.body(null, 304, { ...cached, "server-timing": stages.header() });
    }
    const kept = isOfClosedRange ? await stages.time("cache", () => keptAnswer(context.req.url, etag)) : null;
    if (kept !== null) {
      return new Response(kept.body, { headers: { ...kept.headers, ...cached, "server-timing": stages.header() } });
    }
    const { write, values, isPartial } = await answerOf(context, request, query, stages, started);
    // A partial answer is not cached: the part that failed may be readable the next moment.
    const isKept = isOfClosedRange && !isPartial && values <= MAX_KEPT_VALUES;
    const { body, headers } = write(false, !isKept);
    const timing = { "server-timing": stages.header() };
    if (isPartial) return context.body(body, 200, { ...headers, ...timing, "cache-control": "no-store" });
    if (isKept) {
      const hit = write(true, false);
      context.executionCtx.waitUntil(keepAnswer(context.req.url, etag, hit.body, hit.headers));
    }
    return context.body(body, 200, { ...headers, ...cached, ...timing });
  })
  .post("/timeseries/query", describedPost, async (context) => {
    const started = Date.now();
    const stages = new Stages(Date.now);
    const request = await parseTimeseriesBody(context.req.raw);
    const query = await findQuery(settingsOf(context.env), request, stages, started);
    const { write } = await answerOf(context, request, query, stages, started);
    const { body, headers } = write(false, true);
    return context.body(body, 200, { ...headers, "cache-control": "no-store", "server-timing": stages.header() });
  });
