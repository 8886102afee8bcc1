import { Problem } from "@building-vitals/core/domain/problem";
import { type Context, Hono } from "hono";
import { type Env, settingsOf } from "../env.ts";

/** The other Workers' routes that the dashboard uses: [service, method, address here, address there]. */
export const FORWARDED = [
  ["ETL", "GET", "/etl/health", "/health"],
  ["ETL", "GET", "/etl/status", "/status"],
  ["ETL", "GET", "/etl/stats", "/stats"],
  ["ETL", "POST", "/etl/trigger", "/trigger"],
  ["ETL", "POST", "/etl/sites/:site/pause", "/sites/:site/pause"],
  ["ETL", "POST", "/etl/sites/:site/resume", "/sites/:site/resume"],
  ["ETL", "GET", "/etl/gaps", "/gaps"],
  ["ETL", "GET", "/etl/dead-letters", "/dead-letters"],
  ["ETL", "POST", "/etl/dead-letters/replay", "/dead-letters/replay"],
  ["ETL", "POST", "/etl/dead-letters/drop", "/dead-letters/drop"],
  ["BACKFILL", "GET", "/backfill/health", "/health"],
  ["BACKFILL", "GET", "/backfill/status", "/backfill/status"],
  ["BACKFILL", "GET", "/backfill/days", "/backfill/days"],
  ["BACKFILL", "POST", "/backfill/plan", "/backfill/plan"],
  ["BACKFILL", "POST", "/backfill/start", "/backfill/start"],
  ["BACKFILL", "POST", "/backfill/cancel", "/backfill/cancel"],
  ["BACKFILL", "POST", "/backfill/retry-failed", "/backfill/retry-failed"],
] as const;

/**
 * Forwards the dashboard's requests to the other Workers, so that it needs one origin only. Requests keep their host,
 * token and body, and answers are unchanged. The other Workers check access and origins.
 */
export const servicesRoute = new Hono<{ Bindings: Env }>();
for (const [service, method, here, there] of FORWARDED) {
  servicesRoute.on(method, here, async (context: Context<{ Bindings: Env }>) => {
    const target = settingsOf(context.env)[service];
    if (target === undefined) {
      throw new Problem("not_found", `${here} is not available: the service ${service} is not bound to this Worker.`);
    }
    const url = new URL(context.req.url);
    url.pathname = there.replace(":site", encodeURIComponent(context.req.param("site") ?? ""));
    const answer = await target.fetch(new Request(url, context.req.raw));
    // The headers of a service's answer are immutable, and middleware adds some.
    return new Response(answer.body, answer);
  });
}
