import { sweepKeptGroups } from "@building-vitals/core/cold/sweep-kept-groups";
import { byDatabase } from "@building-vitals/core/d1/site-databases";
import { readSyncStates } from "@building-vitals/core/sync/sync-state";
import { logError } from "@building-vitals/core/telemetry/log";
import type { Settings } from "./env.ts";

/** How often the cron runs. */
const TURN_MS = 300_000;

/**
 * Deletes the row groups that D1 need not keep: of one site of each database a run, one site after the other, so that a run stays within
 * its statements.
 * @param now epoch ms
 * @throws where a database does not answer, so that the platform shows the run as failed
 */
export async function sweepKept(settings: Settings, now: number): Promise<void> {
  const failed: string[] = [];
  for (const { binding, db, sites } of byDatabase(settings, settings.SITES)) {
    const site = sites[Math.floor(now / TURN_MS) % sites.length];
    if (site === undefined) continue;
    try {
      const state = (await readSyncStates(db, [site.name])).get(site.name);
      if (state !== undefined) await sweepKeptGroups(db, state.siteId, settings.HOT_DAYS, now);
    } catch (error) {
      logError("kept_groups_not_swept", error, { site: site.name, database: binding });
      failed.push(site.name);
    }
  }
  if (failed.length > 0) throw new Error(`kept row groups not swept: ${failed.join(", ")}`);
}
