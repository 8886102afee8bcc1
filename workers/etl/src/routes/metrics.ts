import { type ScannedSite, readScannedSites } from "@building-vitals/core/gaps/gap-sites";
import { readOpenGaps } from "@building-vitals/core/gaps/open-gaps";
import { readRuns } from "@building-vitals/core/sync/journal";
import { readMonthFiles } from "@building-vitals/core/manifest/month-files";
import { MONTHS } from "@building-vitals/core/domain/month";
import { countDamaged } from "@building-vitals/core/store/damaged-segments";
import { readSettleState } from "@building-vitals/core/store/settle-state";
import { readCounts } from "@building-vitals/core/d1/site-counters";
import { metricsOperation, metricsResponse } from "@building-vitals/core/http/metrics-response";
import { measureJobs, METRICS } from "@building-vitals/core/telemetry/metrics";
import type { Measurement, Metric } from "@building-vitals/core/telemetry/prometheus";
import { Hono } from "hono";
import { type Env, settingsOf } from "../env.ts";
import { readKnownAlerts } from "../known-alerts.ts";
import { namesIn, readAnswering, storedIn, type StoredSite } from "../sites.ts";

/** The measurements of a site. */
async function measureSite(site: StoredSite, day: ScannedSite | undefined, now: number): Promise<Measurement[]> {
  const { name, db, id, state } = site;
  const ofSite = (metric: Metric, value: number | null, labels: Record<string, string> = {}): Measurement => {
    return { metric, value, labels: { site: name, ...labels } };
  };
  const gaps = await readOpenGaps(db, id, state.watermark);
  const [run] = await readRuns(db, id, 1);
  const settling = await readSettleState(db, id, now);
  const months = await readMonthFiles(db, id, 0, MONTHS);
  const measured = [
    ofSite(METRICS.watermark, state.watermark === null ? null : state.watermark / 1000),
    ofSite(METRICS.lag, state.watermark === null ? null : (now - state.watermark) / 1000),
    ofSite(METRICS.newest, state.newestSample === null ? null : (now - state.newestSample) / 1000),
    ...[...gaps.byCause].map(([cause, open]) => ofSite(METRICS.gaps, open, { cause })),
    ofSite(METRICS.missing, gaps.missingSeconds),
    ofSite(METRICS.recovered, gaps.recovered),
    ofSite(METRICS.awaiting, settling.awaiting),
    ofSite(METRICS.settleDue, settling.due),
    ofSite(METRICS.settleFailed, settling.failed),
    ofSite(METRICS.settleLate, settling.dueSince === null ? 0 : (now - settling.dueSince) / 1000),
    ofSite(METRICS.monthFiles, months.filter(({ file }) => file !== null).length),
    ofSite(METRICS.monthsFailed, months.filter(({ reason }) => reason !== null).length),
    ofSite(METRICS.damaged, await countDamaged(db, id)),
    ofSite(METRICS.settled, settling.lastSettledAt === null ? null : settling.lastSettledAt / 1000),
  ];
  if (day !== undefined && day.expected > 0) measured.push(ofSite(METRICS.coverage, day.present / day.expected));
  if (day !== undefined && day.scannedUntil !== null) measured.push(ofSite(METRICS.unjudged, day.unjudged));
  if (run === undefined) return measured;
  return [
    ...measured,
    ofSite(METRICS.duration, run.durationMs / 1000),
    ofSite(METRICS.complete, run.complete ? 1 : 0),
    ofSite(METRICS.errors, run.errors.length),
    ofSite(METRICS.calls, run.apiCalls),
    ofSite(METRICS.records, run.inserted, { outcome: "inserted" }),
    ofSite(METRICS.records, run.unchanged, { outcome: "unchanged" }),
    ofSite(METRICS.records, run.failed, { outcome: "failed" }),
    ...Object.entries(run.rejected).map(([outcome, count]) => ofSite(METRICS.records, count, { outcome })),
  ];
}

/** `GET /metrics`: the Prometheus text format. */
export const metricsRoute = new Hono<{ Bindings: Env }>().get("/metrics", metricsOperation("open"), async (context) => {
  const settings = settingsOf(context.env);
  const now = Date.now();
  const { answers, lost } = await readAnswering(settings, async (database) => {
    const { db, sites } = await storedIn(database);
    const ids = sites.map(({ id }) => id);
    const scanned = await readScannedSites(db, ids);
    const names = sites.map(({ name }) => name);
    const measured = measureJobs(await readCounts(db, names, ["sync", "lists", "points", "gaps", "import", "settle"]));
    for (const site of sites) measured.push(...(await measureSite(site, scanned.get(site.id), now)));
    return { sites, measured };
  });
  const sites = answers.flatMap((ofDatabase) => ofDatabase.sites);
  const lastRuns = sites.filter(({ pause }) => pause === null).map(({ state }) => state.recentRuns[0]?.at ?? -Infinity);
  const newest = lastRuns.reduce((a, b) => Math.max(a, b), -Infinity);
  const known = (site: string, value: number) => ({ metric: METRICS.known, labels: { site }, value });
  const measurements: Measurement[] = [
    { metric: METRICS.waiting, labels: {}, value: lastRuns.filter((at) => at < newest).length },
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
  return metricsResponse("etl", measurements);
});
