import type { Counts } from "../domain/counts.ts";
import { ISOLATE } from "./isolate-counters.ts";
import type { Measurement, Metric } from "./prometheus.ts";

function metric(type: Metric["type"], name: string, help: string): Metric {
  return { name: `building_vitals_${name}`, type, help };
}
const gauge = (name: string, help: string) => metric("gauge", name, help);
/** Counted per site in D1, so it only grows, whichever isolate answers. */
const counter = (name: string, help: string) => metric("counter", `${name}_total`, help);
const ofIsolate = (name: string, help: string) =>
  counter(name, `${help}, of the isolate that answers, since isolate_start_time_seconds`);

/** Every metric of the three Workers. */
export const METRICS = {
  watermark: gauge("sync_watermark_seconds", "All that the API served before this is stored, Unix time"),
  lag: gauge("sync_lag_seconds", "Time since the watermark"),
  newest: gauge("newest_sample_age_seconds", "Time since the newest sample that a sync brought"),
  duration: gauge("last_sync_duration_seconds", "Duration of the last sync"),
  complete: gauge("last_sync_complete", "1 when the last sync reached the present and the API proved it"),
  errors: gauge("last_sync_errors", "Errors of the last sync"),
  calls: gauge("last_sync_api_calls", "Requests to the ACE API of the last sync, retries included"),
  records: gauge("last_sync_records", "Records of the last sync by outcome"),
  gaps: gauge("gaps_open", "Open gaps by cause, of single points and of the whole site"),
  missing: gauge("gaps_missing_seconds", "Length of all open gaps together, up to the watermark"),
  recovered: gauge("gaps_samples_recovered", "Samples recovered in gaps of the last 400 days"),
  coverage: gauge("coverage_ratio", "Share of the expected samples that the last 24 scanned hours have"),
  unjudged: gauge("coverage_unjudged_points", "Configured points without a cadence, which are not judged"),
  awaiting: gauge("settle_days_awaiting", "Closed days that the ACE API was not asked for in full"),
  settleDue: gauge("settle_days_due", "Days that are due to be settled now"),
  settleFailed: gauge("settle_days_failed", "Days whose last settling failed or got no answer from the ACE API"),
  monthFiles: gauge("month_files", "Month files in use"),
  monthsFailed: gauge("month_builds_failed", "Months whose last build failed, or whose file is damaged"),
  settleLate: gauge(
    "settle_due_seconds",
    "Time since the oldest waiting day became due, failed runs included; 0: no day waits",
  ),
  settled: gauge("settle_last_seconds", "When the ACE API was last asked for a whole closed day, Unix time"),
  damaged: gauge("damaged_rows", "Damaged rows of hot samples whose day was not rebuilt from the source yet"),
  paused: gauge("site_paused", "1 while the sync of the site is paused, else 0"),
  waiting: gauge("sync_sites_waiting", "Sites that the last sync did not reach within its time and requests"),
  known: gauge("site_known", "1; 0 while the database of the site does not answer, and its other metrics are missing"),
  alert: gauge("alert_active", "1 while an alert is active; its site is empty for the whole deployment"),
  runs: counter("job_runs", "Runs of a job for a site; for the backfill, fetched hours"),
  requests: counter("upstream_requests", "Requests to the ACE API by status class; none: no answer arrived"),
  retries: counter("upstream_retries", "Retried requests to the ACE API"),
  pages: counter("upstream_pages", "Pages of samples that the ACE API served completely"),
  samples: counter("samples", "Samples by outcome"),
  rejected: counter("records_rejected", "Records that were not accepted as samples, by reason"),
  siteStatements: counter("job_d1_statements", "D1 statements of a job for a site"),
  failures: counter("job_failures", "Failures of a job for a site, by the stage that failed"),
  started: gauge("isolate_start_time_seconds", "When the answering isolate began to count, Unix time"),
  http: ofIsolate("http_requests", "HTTP requests answered, by status class"),
  refused: ofIsolate("http_refused", "HTTP requests refused without a valid token (401, 403) or as too many (429)"),
  statements: ofIsolate("d1_statements", "D1 statements"),
  auditFailures: ofIsolate("audit_failures", "Manual writes whose audit entry could not be written"),
} as const satisfies Record<string, Metric>;

/** A counter of a site's job: the metric before the colon, its label's value after it. */
const JOB_COUNTERS: Readonly<Record<string, { readonly metric: Metric; readonly label?: string }>> = {
  runs: { metric: METRICS.runs },
  requests: { metric: METRICS.requests, label: "status" },
  retries: { metric: METRICS.retries },
  pages: { metric: METRICS.pages },
  samples: { metric: METRICS.samples, label: "outcome" },
  rejected: { metric: METRICS.rejected, label: "reason" },
  d1_statements: { metric: METRICS.siteStatements },
  failures: { metric: METRICS.failures, label: "stage" },
};

/** Counters without a label appear with 0 before the first count. */
const ZEROS: Counts = Object.fromEntries(
  Object.entries(JOB_COUNTERS).flatMap(([name, { label }]) => (label === undefined ? [[name, 0]] : [])),
);

/** Counts of the sites' jobs. */
export function measureJobs(rows: readonly { site: string; job: string; counts: Counts }[]): Measurement[] {
  return rows.flatMap(({ site, job, counts }) =>
    Object.entries({ ...ZEROS, ...counts }).flatMap(([name, value]): Measurement[] => {
      const [first = "", rest = ""] = name.split(":");
      const known = JOB_COUNTERS[first];
      if (known === undefined) return [];
      return [
        {
          metric: known.metric,
          labels: { site, job, ...(known.label === undefined ? {} : { [known.label]: rest }) },
          value,
        },
      ];
    }),
  );
}

/** Counts of the isolate: [name of the count, metric, label's name and value]. */
const ISOLATE_COUNTERS: readonly (readonly [string, Metric, Readonly<Record<string, string>>])[] = [
  ...["2xx", "3xx", "4xx", "5xx"].map((status) => [`http:${status}`, METRICS.http, { status }] as const),
  ...["401", "403", "429"].map((status) => [`refused:${status}`, METRICS.refused, { status }] as const),
  ["d1_statements", METRICS.statements, {}],
  ["audit_failures", METRICS.auditFailures, {}],
];

/** The metrics of this isolate. @param worker its Worker's name */
export function measureIsolate(worker: string): Measurement[] {
  const { name: isolate, startedAt } = ISOLATE.born;
  const origin = { worker, isolate };
  return [
    { metric: METRICS.started, labels: origin, value: startedAt / 1000 },
    ...ISOLATE_COUNTERS.map(([name, isolateMetric, labels]): Measurement => {
      return { metric: isolateMetric, labels: { ...origin, ...labels }, value: ISOLATE.totals.get(name) ?? 0 };
    }),
  ];
}
