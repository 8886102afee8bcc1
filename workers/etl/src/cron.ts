import { log } from "@building-vitals/core/telemetry/log";
import { runAlerts } from "./alerts.ts";
import type { Settings } from "./env.ts";
import { runJobs } from "./jobs.ts";
import { runSync } from "./sync.ts";

/** The crons of wrangler.etl.toml. */
const SYNC_CRON = "*/5 * * * *";
const HOURLY_CRON = "6 * * * *";
const DAILY_CRON = "21 3 * * *";

/**
 * Runs the jobs of a cron.
 * @throws Error for an unknown cron, because wrangler.etl.toml and this file then disagree; the errors of failed jobs,
 * so that Cloudflare marks the run as failed
 */
export async function runCron(cron: string, settings: Settings): Promise<void> {
  switch (cron) {
    case SYNC_CRON:
      return syncAndAlert(settings);
    case HOURLY_CRON:
      return runJobs(settings, "hour", Date.now());
    case DAILY_CRON:
      return runJobs(settings, "day", Date.now());
    default:
      throw new Error(`no job for the cron ${JSON.stringify(cron)}`);
  }
}

async function syncAndAlert(settings: Settings): Promise<void> {
  const run = await runSync(settings);
  // A skipped site has nothing to report.
  for (const site of run.sites.filter(({ apiCalls, errors }) => apiCalls > 0 || errors.length > 0)) {
    log("sync", {
      syncId: run.syncId,
      site: site.site,
      complete: site.complete,
      incompleteBecause: site.incompleteBecause,
      fetched: site.recordsFetched,
      inserted: site.recordsInserted,
      failed: site.recordsFailed,
      errors: site.errors.map((error) => error.message).join("; "),
    });
  }
  log("sync_ended", { syncId: run.syncId, ms: run.duration, sites: run.sites.length, left: run.sitesLeft });
  log("alerts", { sent: await runAlerts(settings, run.duration, Date.now()) });
}
