import { measureCadences } from "@building-vitals/core/catalog/cadence";
import { foldHours } from "@building-vitals/core/cold/fold-hours";
import { judgeDays } from "@building-vitals/core/cold/judge-days";
import { pruneLetters } from "@building-vitals/core/sync/dead-letters";
import { pruneRuns } from "@building-vitals/core/sync/journal";
import { refreshCatalog } from "@building-vitals/core/sync/refresh-catalog";
import { readSyncStates } from "@building-vitals/core/sync/sync-state";
import { log, logError } from "@building-vitals/core/telemetry/log";
import { runAlerts, runQualityAlerts } from "./alerts.ts";
import { runArchive } from "./archive.ts";
import type { Settings } from "./env.ts";
import { aceClientOf, runSync } from "./sync.ts";

/** The crons of wrangler.etl.toml. */
const SYNC_CRON = "*/5 * * * *";
const HOURLY_CRON = "7 * * * *";
const DAILY_CRON = "23 3 * * *";

/**
 * Does what a cron is for.
 * @throws for a cron that nobody knows: wrangler.etl.toml and this file then disagree; and with what a job failed, so
 * that the platform shows the run as failed
 */
export async function runCron(cron: string, settings: Settings): Promise<void> {
  switch (cron) {
    case SYNC_CRON: {
      const run = await runSync(settings);
      for (const site of run.sites) {
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
      log("alerts", { told: await runAlerts(settings, run.duration, Date.now()) });
      return;
    }
    case HOURLY_CRON:
      return runHourly(settings, Date.now());
    case DAILY_CRON:
      return runDaily(settings);
    default:
      throw new Error(`no job for the cron ${JSON.stringify(cron)}`);
  }
}

/** Refreshes each site's catalogue, folds its closed hours, and judges its full days; a failure does not stop the rest. @param now epoch ms */
async function runHourly(settings: Settings, now: number): Promise<void> {
  const { DB } = settings;
  const states = await readSyncStates(
    DB,
    settings.SITES.map((site) => site.name),
  );
  const ace = aceClientOf(settings);
  const failed: string[] = [];
  for (const [site, { siteId }] of states) {
    try {
      const catalog = await refreshCatalog(DB, ace, site, siteId, now);
      const measured = await measureCadences(DB, siteId, now);
      log("catalog", { site, points: catalog.size, cadencesChanged: measured });
    } catch (error) {
      logError("catalog_failed", error, { site });
      failed.push(`the catalogue of ${site}`);
    }
    try {
      const fold = await foldHours(DB, siteId, settings.LOOKBACK_MINUTES * 60_000, Date.now);
      log("fold", { site, folded: fold.folded, rowsChanged: fold.rowsChanged, remaining: fold.remaining });
      if (fold.failed.length > 0) throw new Error(fold.failed.map(({ reason }) => reason).join("; "));
    } catch (error) {
      logError("fold_failed", error, { site });
      failed.push(`the hours of ${site}`);
    }
    try {
      const context = { db: DB, bucket: settings.TIMESERIES, now: Date.now };
      const run = await judgeDays(context, siteId, settings.LOOKBACK_MINUTES * 60_000);
      log("quality", { site, judged: run.judged, rowsChanged: run.rowsChanged, remaining: run.remaining });
      if (run.failed.length > 0) throw new Error(run.failed.map(({ day, reason }) => `${day}: ${reason}`).join("; "));
    } catch (error) {
      logError("quality_failed", error, { site });
      failed.push(`the quality of ${site}`);
    }
  }
  const siteIds = new Map([...states].map(([site, { siteId }]) => [site, siteId]));
  log("alerts", { told: await runQualityAlerts(settings, siteIds, now) });
  await pruneRuns(
    DB,
    [...states.values()].map((state) => state.siteId),
    now,
  );
  if (failed.length > 0) throw new Error(`not brought up to date: ${failed.join(", ")}`);
}

/**
 * Forgets old dead letters, and archives the days that have left the hot window; a day that fails does not stop the
 * others, and stays hot.
 */
async function runDaily(settings: Settings): Promise<void> {
  log("dead_letters_pruned", { letters: await pruneLetters(settings.DB, Date.now()) });
  const { days, remaining, swept } = await runArchive(settings);
  for (const day of days) log("archive", { ...day });
  log("archive_ended", { days: days.length, remaining, swept });
  const failed = days.filter(({ outcome }) => outcome === "failed" || outcome === "suspect");
  if (failed.length > 0) {
    throw new Error(`not archived: ${failed.map(({ site, day }) => `${site} ${day}`).join(", ")}`);
  }
}
