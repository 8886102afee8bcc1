import type { SiteStore } from "@building-vitals/core/backfill/backfill-site";
import { byDatabase } from "@building-vitals/core/d1/site-databases";
import { dayText } from "@building-vitals/core/domain/day";
import type { SiteConfig } from "@building-vitals/core/domain/site";
import { superviseSettling } from "@building-vitals/core/settle/supervise-settling";
import { readSyncStates } from "@building-vitals/core/sync/sync-state";
import { log, logError } from "@building-vitals/core/telemetry/log";
import { settleInstancesOf } from "./engine-instances.ts";
import type { Settings } from "./env.ts";

/** Whether the SITES setting pauses a site or does not list it. */
export function isPausedBySetting({ SITES }: Settings, name: string): boolean {
  return SITES.find((site) => site.name === name)?.paused ?? !SITES.some((site) => site.name === name);
}

/** Starts the instance of a site's next due day, unless one runs or the site is paused. Safe to repeat. */
export async function beginSettling(settings: Settings, { db, site }: SiteStore, database: string): Promise<void> {
  const { BACKFILL, SETTLE_DAYS: offsets } = settings;
  const pause = (await readSyncStates(db, [site.name])).get(site.name)?.pause ?? null;
  if (pause !== null || isPausedBySetting(settings, site.name)) return;
  const instances = settleInstancesOf(BACKFILL, site);
  const day = await superviseSettling({ db, site, instances, database, offsets, now: Date.now });
  if (day !== null) log("settling_begun", { site: site.name, day: dayText(day) });
}

/**
 * Starts settling for each site whose database answers. A failed site does not stop the others.
 * @throws Error that names the failed sites, so that Cloudflare marks the run as failed
 */
export async function settleSites(settings: Settings): Promise<void> {
  const failed: string[] = [];
  const settleAll = async (database: string, db: D1Database, sites: readonly SiteConfig[]) => {
    const states = await readSyncStates(
      db,
      sites.map(({ name }) => name),
    );
    for (const { siteId: id, name } of states.values()) {
      try {
        await beginSettling(settings, { db, site: { id, name } }, database);
      } catch (error) {
        logError("settling_not_begun", error, { site: name });
        failed.push(name);
      }
    }
  };
  for (const { binding, db, sites } of byDatabase(settings, settings.SITES)) {
    try {
      await settleAll(binding, db, sites);
    } catch (error) {
      logError("database_lost", error, { database: binding });
      failed.push(`the sites in ${binding}`);
    }
  }
  if (failed.length > 0) throw new Error(`settling could not be started for: ${failed.join(", ")}`);
}
