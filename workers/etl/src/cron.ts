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
import { gapsLogged, runGaps } from "./gaps.ts";
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

/**
 * Refreshes each site's catalogue, folds its closed hours, looks after its gaps, and judges its full days with what came to
 * fill them; a failure does not stop the rest.
 * @param now epoch ms
 */
async function runHourly(settings: Settings, now: number): Promise<void> {
  const { DB: db, TIMESERIES: bucket } = settings;
  const names = settings.SITES.map((site) => site.name);
  const siteIds = new Map([...(await readSyncStates(db, names))].map(([site, { siteId }]) => [site, siteId]));
  const ace = aceClientOf(settings);
  const lookbackMs = settings.LOOKBACK_MINUTES * 60_000;
  const failed: string[] = [];
  const attempt = async (job: string, site: string, run: () => Promise<Record<string, string | number>>) => {
    try {
      log(job, { site, ...(await run()) });
    } catch (error) {
      logError(`${job}_failed`, error, { site });
      failed.push(`${job} of ${site}`);
    }
  };
  for (const [site, siteId] of siteIds) {
    await attempt("catalog", site, async () => {
      const catalog = await refreshCatalog(db, ace, site, siteId, now);
      return { points: catalog.size, cadencesChanged: await measureCadences(db, siteId, now) };
    });
    await attempt("fold", site, async () => {
      const fold = await foldHours(db, siteId, lookbackMs, Date.now);
      if (fold.failed.length > 0) throw new Error(fold.failed.map(({ reason }) => reason).join("; "));
      return { folded: fold.folded, rowsChanged: fold.rowsChanged, remaining: fold.remaining };
    });
  }
  const { sites } = await runGaps(settings, "due");
  for (const healed of sites) {
    if ("error" in healed) failed.push(`gaps of ${healed.site}`);
    else log("gaps", gapsLogged(healed));
  }
  for (const [site, siteId] of siteIds) {
    await attempt("quality", site, async () => {
      const run = await judgeDays({ db, bucket, now: Date.now }, siteId, lookbackMs);
      if (run.failed.length > 0) throw new Error(run.failed.map(({ day, reason }) => `${day}: ${reason}`).join("; "));
      return { judged: run.judged, rowsChanged: run.rowsChanged, remaining: run.remaining };
    });
  }
  log("alerts", { told: await runQualityAlerts(settings, siteIds, now) });
  await pruneRuns(db, [...siteIds.values()], now);
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
