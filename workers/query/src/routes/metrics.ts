import { metricsOperation, metricsResponse } from "@building-vitals/core/http/metrics-response";
import { Hono } from "hono";
import type { Env } from "../env.ts";

/** `GET /metrics`: the Prometheus text format. */
export const metricsRoute = new Hono<{ Bindings: Env }>().get("/metrics", metricsOperation("read"), () => {
  return metricsResponse("query", []);
});
