import { describe, type Operation } from "./openapi.ts";
import { type Measurement, renderPrometheus } from "../telemetry/prometheus.ts";
import { measureIsolate } from "../telemetry/metrics.ts";

/** `GET /metrics` of a Worker. */
export function metricsOperation(access: Operation["access"]) {
  return describe({
    summary: "Metrics for Prometheus",
    access,
    answers: { 200: { description: "As of now", content: { "text/plain": null } } },
    problems: [],
  });
}

/** The measurements and the isolate's counters in the Prometheus text format. */
export function metricsResponse(worker: string, measured: readonly Measurement[]): Response {
  return new Response(renderPrometheus([...measured, ...measureIsolate(worker)]), {
    headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8", "cache-control": "no-store" },
  });
}
