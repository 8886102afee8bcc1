import { readCounts } from "@building-vitals/core/d1/site-counters";
import { metricsOperation, metricsResponse } from "@building-vitals/core/http/metrics-response";
import { measureJobs } from "@building-vitals/core/telemetry/metrics";
import { Hono } from "hono";
import { type Env, settingsOf } from "../env.ts";

/** `GET /metrics`: the Prometheus text format. */
export const metricsRoute = new Hono<{ Bindings: Env }>().get("/metrics", metricsOperation("open"), async (context) => {
  const { DB: db, SITES: sites } = settingsOf(context.env);
  const names = sites.map(({ name }) => name);
  return metricsResponse("backfill", measureJobs(await readCounts(db, names, ["backfill"])));
});
