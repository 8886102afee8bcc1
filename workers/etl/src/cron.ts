import { measureCadences } from "@building-vitals/core/catalog/cadence";
import { pruneRuns } from "@building-vitals/core/sync/journal";
import { refreshCatalog } from "@building-vitals/core/sync/refresh-catalog";
import { readSyncStates } from "@building-vitals/core/sync/sync-state";
import { log, logError } from "@building-vitals/core/telemetry/log";
import type { Settings } from "./env.ts";
import { aceClientOf, runSync } from "./sync.ts";

/** The crons of wrangler.etl.toml. */
const SYNC_CRON = "*/5 * * * *";
const HOURLY_CRON = "7 * * * *";

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
      return;
    }
    case HOURLY_CRON:
      return runHourly(settings, Date.now());
    default:
      throw new Error(`no job for the cron ${JSON.stringify(cron)}`);
  }
}

/** Refreshes each site's catalogue; a site that fails does not stop the others. @param now epoch ms */
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
      failed.push(site);
    }
  }
  await pruneRuns(
    DB,
    [...states.values()].map((state) => state.siteId),
    now,
  );
  if (failed.length > 0) throw new Error(`the catalogue of ${failed.join(", ")} could not be refreshed`);
}
