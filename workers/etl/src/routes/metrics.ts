import { type LookedSite, readLookedSites } from "@building-vitals/core/gaps/gap-sites";
import { readOpenGaps } from "@building-vitals/core/gaps/open-gaps";
import { readRuns } from "@building-vitals/core/sync/journal";
import { type Measurement, type Metric, renderPrometheus } from "@building-vitals/core/telemetry/prometheus";
import { describe } from "@building-vitals/core/http/openapi";
import { Hono } from "hono";
import { type Env, settingsOf } from "../env.ts";
import { readKnownAlerts } from "../known-alerts.ts";
import { namesIn, readAnswering, storedIn, type StoredSite } from "../sites.ts";

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
  paused: gauge("site_paused", "1 while the sync of the site is paused, else 0"),
  waiting: gauge("sync_sites_waiting", "Sites that the last sync did not come to, for its time or requests were spent"),
  known: gauge(
    "site_known",
    "1; 0 while the database of the site does not answer: none of its other metrics are there",
  ),
  alert: gauge("alert_active", "1 while an alert is active; its site is empty for the whole deployment"),
} as const;

const described = describe({
  summary: "Metrics for Prometheus",
  access: "open",
  answers: { 200: { description: "As of now", content: { "text/plain": null } } },
  problems: [],
});

/** What is measured of a site. */
async function measureSite(site: StoredSite, day: LookedSite | undefined, now: number): Promise<Measurement[]> {
  const { name, db, id, state } = site;
  const of = (metric: Metric, value: number | null, labels: Record<string, string> = {}): Measurement => {
    return { metric, value, labels: { site: name, ...labels } };
  };
  const gaps = await readOpenGaps(db, id, state.watermark);
  const [run] = await readRuns(db, id, 1);
  const measured = [
    of(METRICS.watermark, state.watermark === null ? null : state.watermark / 1000),
    of(METRICS.lag, state.watermark === null ? null : (now - state.watermark) / 1000),
    ...[...gaps.byCause].map(([cause, open]) => of(METRICS.gaps, open, { cause })),
    of(METRICS.missing, gaps.missingSeconds),
    of(METRICS.recovered, gaps.recovered),
  ];
  if (day !== undefined && day.expected > 0) measured.push(of(METRICS.coverage, day.present / day.expected));
  if (day !== undefined && day.lookedUntil !== null) measured.push(of(METRICS.unjudged, day.unjudged));
  if (run === undefined) return measured;
  return [
    ...measured,
    of(METRICS.duration, run.durationMs / 1000),
    of(METRICS.complete, run.complete ? 1 : 0),
    of(METRICS.errors, run.errors.length),
    of(METRICS.calls, run.apiCalls),
    of(METRICS.records, run.inserted, { outcome: "inserted" }),
    of(METRICS.records, run.unchanged, { outcome: "unchanged" }),
    of(METRICS.records, run.failed, { outcome: "failed" }),
    ...Object.entries(run.rejected).map(([outcome, count]) => of(METRICS.records, count, { outcome })),
  ];
}

/** `GET /metrics`: the Prometheus text format. */
export const metricsRoute = new Hono<{ Bindings: Env }>().get("/metrics", described, async (context) => {
  const settings = settingsOf(context.env);
  const now = Date.now();
  const { answers, lost } = await readAnswering(settings, async (of) => {
    const { db, sites } = await storedIn(of);
    const ids = sites.map(({ id }) => id);
    const looked = await readLookedSites(db, ids);
    const measured: Measurement[] = [];
    for (const site of sites) measured.push(...(await measureSite(site, looked.get(site.id), now)));
    return { sites, measured };
  });
  const sites = answers.flatMap((own) => own.sites);
  const turns = sites.filter(({ pause }) => pause === null).map(({ state }) => state.turns[0]?.at ?? -Infinity);
  const newest = turns.reduce((a, b) => Math.max(a, b), -Infinity);
  const known = (site: string, value: number) => ({ metric: METRICS.known, labels: { site }, value });
  const measurements: Measurement[] = [
    { metric: METRICS.waiting, labels: {}, value: turns.filter((at) => at < newest).length },
    ...sites.map(({ name }) => known(name, 1)),
    ...sites.map(({ name, pause }) => ({
      metric: METRICS.paused,
      labels: { site: name },
      value: pause === null ? 0 : 1,
    })),
    ...namesIn(lost).map((name) => known(name, 0)),
    ...answers.flatMap(({ measured }) => measured),
  ];
  for (const { kind, site, level } of (await readKnownAlerts(settings)) ?? []) {
    measurements.push({ metric: METRICS.alert, labels: { kind, site: site ?? "" }, value: level === "firing" ? 1 : 0 });
  }
  return context.text(renderPrometheus(measurements), 200, {
    "content-type": "text/plain; version=0.0.4; charset=utf-8",
    "cache-control": "no-store",
  });
});
