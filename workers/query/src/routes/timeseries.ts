import { describe } from "@building-vitals/core/http/openapi";
import { valuesInFlight } from "@building-vitals/core/query/values-in-flight";
import { Hono } from "hono";
import { z } from "zod";
import { keepAnswer, keptAnswer } from "../answer-cache.ts";
import type { Bounded } from "../bounded-answers.ts";
import { withinTime } from "../deadline.ts";
import { settingsOf } from "../env.ts";
import { cacheControl, isClosed, isKnown, IF_NONE_MATCH, NOT_MODIFIED } from "../etag.ts";
import { Stages } from "../stages.ts";
import { columnsSchema, rowsSchema } from "../timeseries/answer-schema.ts";
import { parseTimeseriesRequest, querySchema } from "../timeseries/request.ts";
import { answerBody } from "../timeseries/respond.ts";
import { findQuery, queryEtag, readAnswer, shapeAnswer } from "../timeseries/run-query.ts";
import { logUnreadable } from "../unreadable.ts";

/** Larger answers are not cached: writing them a second time costs as much as reading them again. */
const MAX_KEPT_VALUES = 200_000;

const described = describe({
  summary: "Samples of points in a range, raw or in buckets",
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
    "agg_not_for_quantity",
    "span_too_long",
    "too_many_points",
    "unsupported_filter",
    "unknown_site",
    "ambiguous_point_names",
    "unknown_point",
    "too_much_data",
    "query_timeout",
    "busy",
  ],
});

/** `GET /timeseries/query`: samples of points in a range, raw or in buckets. */
export const timeseriesRoute = new Hono<Bounded>().get("/timeseries/query", described, async (context) => {
  const started = Date.now();
  const settings = settingsOf(context.env);
  const stages = new Stages(Date.now);
  const request = parseTimeseriesRequest(context.req.queries());
  const query = await findQuery(settings, request, stages, started);
  const { range } = query.planned;
  const etag = await queryEtag(settings, request, query);
  const isOfClosedRange = isClosed(range.end, query.until, started);
  const cached = { etag, "cache-control": cacheControl(settings, isOfClosedRange) };
  if (isKnown(context.req.raw, etag)) {
    return context.body(null, 304, { ...cached, "server-timing": stages.header() });
  }
  const kept = isOfClosedRange ? await stages.time("cache", () => keptAnswer(context.req.url, etag)) : null;
  if (kept !== null) {
    return new Response(kept.body, { headers: { ...kept.headers, ...cached, "server-timing": stages.header() } });
  }
  const permit = await stages.time("wait", () => context.var.admit(valuesInFlight(query.planned)));
  const stores = { db: query.db, bucket: settings.TIMESERIES };
  // Reads everything before it sends the first byte, so that a failure can still become an error response.
  const read = await withinTime(stores, stages, context.req.raw.signal, (watched) =>
    readAnswer(watched, query, stages, started),
  );
  logUnreadable(query.site, read.answer);
  const { series, metadata } = await shapeAnswer(read, request, query, stages, started);
  const values = series.reduce((sum, { times }) => sum + times.length, 0);
  permit.shrinkTo(values);
  // A partial answer is not cached: the part that failed may be readable the next moment.
  const isKept = isOfClosedRange && !metadata.partial && values <= MAX_KEPT_VALUES;
  const write = (isHit: boolean) => {
    return answerBody(request.format, {
      siteName: query.site.name,
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
