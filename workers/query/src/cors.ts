import { DAY_S } from "@building-vitals/core/domain/day";
import { cors } from "hono/cors";
import { createMiddleware } from "hono/factory";
import { type Env, settingsOf } from "./env.ts";

/** Response headers that pages of other origins may read. */
const EXPOSED = ["ETag", "Server-Timing", "Content-Disposition", "Content-Range", "Accept-Ranges", "Query-Metadata"];

/** Seconds that a browser caches a preflight answer. */
const PREFLIGHT_MAX_AGE_S = DAY_S;

/** The route that reads by POST. Pages of other origins may not send the writes that `/etl` and `/backfill` forward. */
const READ_BY_POST = "/timeseries/query";

/** Lets pages of the origins in `CORS_ORIGINS` read answers. Pages send tokens themselves; no route uses cookies. */
export const corsOfSettings = createMiddleware<{ Bindings: Env }>(async (context, next) => {
  const { CORS_ORIGINS: origins } = settingsOf(context.env);
  if (origins.length === 0) return next();
  return cors({
    origin: origins.includes("*") ? "*" : origins,
    allowMethods: context.req.path === READ_BY_POST ? ["GET", "HEAD", "POST"] : ["GET", "HEAD"],
    allowHeaders: ["Authorization", "Cf-Access-Jwt-Assertion", "Content-Type", "If-None-Match", "If-Range", "Range"],
    exposeHeaders: EXPOSED,
    maxAge: PREFLIGHT_MAX_AGE_S,
  })(context, next);
});
