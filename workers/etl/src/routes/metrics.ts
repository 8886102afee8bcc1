import { readAlerts } from "@building-vitals/core/alerts/store";
import { readLookedSites } from "@building-vitals/core/gaps/gap-sites";
import { readOpenGaps } from "@building-vitals/core/gaps/open-gaps";
import { readRuns } from "@building-vitals/core/sync/journal";
import { type Measurement, type Metric, renderPrometheus } from "@building-vitals/core/telemetry/prometheus";
import { describe } from "@building-vitals/core/http/openapi";
import { Hono } from "hono";
import { type Env, settingsOf } from "../env.ts";
import { storedByDatabase } from "../sites.ts";

function gauge(name: string, help: string): Metric {
  return { name: `building_vitals_${name}`, type: "gauge", help };
}

/** Every metric of this Worker. They describe stored state, so all are gauges. */
const METRICS = {
  watermark: gauge("sync_watermark_seconds", "All that the API served before this is stored, Unix time"),
  lag: gauge("sync_lag_seconds", "Time since the watermark"),
  duration: gauge("last_sync_duration_seconds", "Duration of the last sync"),
  complete: gauge("last_sync_complete", "1 when the last sync reached the present and the API proved it"),
  errors: gauge("last_sync_errors", "Errors of the last sync"),
  calls: gauge("last_sync_api_calls", "Requests to the ACE API of the last sync, retries included"),
  records: gauge("last_sync_records", "Records of the last sync by what became of them"),
  gaps: gauge("gaps_open", "Open gaps by cause, of single points and of the whole site"),
  missing: gauge("gaps_missing_seconds", "Length of all open gaps together, up to the watermark"),
  recovered: gauge("gaps_samples_recovered", "Samples that came into gaps of the last 400 days"),
  coverage: gauge("coverage_ratio", "Samples of the last looked at 24 hours of those that the cadences lead to expect"),
  unjudged: gauge("coverage_unjudged_points", "Configured points that have no cadence to be judged by"),
  waiting: gauge("sync_sites_waiting", "Sites that the last sync did not come to, for its time or requests were spent"),
  alert: gauge("alert_active", "1 while an alert is active; its site is empty for the whole deployment"),
} as const;

const described = describe({
  summary: "Metrics for Prometheus",
  access: "open",
  answers: { 200: { description: "As of now", content: { "text/plain": null } } },
  problems: [],
});

/** `GET /metrics`: the Prometheus text format. */
export const metricsRoute = new Hono<{ Bindings: Env }>().get("/metrics", described, async (context) => {
  const settings = settingsOf(context.env);
  const now = Date.now();
  const measurements: Measurement[] = [];
  const names = settings.SITES.map(({ name }) => name);
  const stored = await Promise.all(
    (await storedByDatabase(settings)).map(async ({ db, sites: own }) => {
      const ids = own.map(({ id }) => id);
      const looked = await readLookedSites(db, ids);
      return own.map((site) => ({ ...site, day: looked.get(site.id) }));
    }),
  );
  const sites = stored.flat();
  const turns = sites.map(({ state }) => state.turns[0]?.at ?? -Infinity);
  const newest = turns.reduce((a, b) => Math.max(a, b), -Infinity);
  measurements.push({ metric: METRICS.waiting, labels: {}, value: turns.filter((at) => at < newest).length });
  for (const { name: site, db, id, state, day } of sites) {
    const add = (metric: Metric, value: number | null, labels: Record<string, string> = {}) =>
      measurements.push({ metric, value, labels: { site, ...labels } });
    add(METRICS.watermark, state.watermark === null ? null : state.watermark / 1000);
    add(METRICS.lag, state.watermark === null ? null : (now - state.watermark) / 1000);
    const gaps = await readOpenGaps(db, id, state.watermark);
    for (const [cause, open] of gaps.byCause) add(METRICS.gaps, open, { cause });
    add(METRICS.missing, gaps.missingSeconds);
    add(METRICS.recovered, gaps.recovered);
    if (day !== undefined && day.expected > 0) add(METRICS.coverage, day.present / day.expected);
    if (day !== undefined && day.lookedUntil !== null) add(METRICS.unjudged, day.unjudged);
    const [run] = await readRuns(db, id, 1);
    if (run === undefined) continue;
    add(METRICS.duration, run.durationMs / 1000);
    add(METRICS.complete, run.complete ? 1 : 0);
    add(METRICS.errors, run.errors.length);
    add(METRICS.calls, run.apiCalls);
    add(METRICS.records, run.inserted, { outcome: "inserted" });
    add(METRICS.records, run.unchanged, { outcome: "unchanged" });
    add(METRICS.records, run.failed, { outcome: "failed" });
    for (const [reason, count] of Object.entries(run.rejected)) add(METRICS.records, count, { outcome: reason });
  }
  for (const { kind, site, level } of await readAlerts(settings.DB, names)) {
    measurements.push({ metric: METRICS.alert, labels: { kind, site: site ?? "" }, value: level === "firing" ? 1 : 0 });
  }
  return context.text(renderPrometheus(measurements), 200, {
    "content-type": "text/plain; version=0.0.4; charset=utf-8",
    "cache-control": "no-store",
  });
});
