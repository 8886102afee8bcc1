import { rebuildDays, type RebuildResult } from "@building-vitals/core/rebuild/rebuild-days";
import type { RebuildRange } from "@building-vitals/core/rebuild/list-day-files";
import { readSiteIds } from "@building-vitals/core/catalog/sites";
import { byDatabase } from "@building-vitals/core/d1/site-databases";
import { readSyncStates } from "@building-vitals/core/sync/sync-state";
import type { Settings } from "./env.ts";
import { sitesNamed } from "./sites.ts";

/** The parameters of `POST /rebuild`. */
export interface RebuildRequest {
  /** undefined: all sites of the SITES setting */
  readonly site: string | undefined;
  readonly range: RebuildRange;
  readonly dryRun: boolean;
  readonly cursor: string | null;
}

/**
 * Rebuilds the manifest from the day files in R2, a bounded number of days per run.
 * @throws {Problem} `unknown_site`
 */
export async function runRebuild(
  settings: Settings,
  { site, range, dryRun, cursor }: RebuildRequest,
): Promise<RebuildResult> {
  const found = byDatabase(settings, sitesNamed(settings, site)).map(async ({ db, sites }) => {
    const names = sites.map(({ name }) => name);
    // creates rows of new sites, because D1 may have lost them
    if (!dryRun) await readSyncStates(db, names);
    const ids = await readSiteIds(db, names);
    return names.map((name) => ({ db, name, id: ids.get(name) ?? null }));
  });
  const sites = (await Promise.all(found)).flat();
  const newBuild = () => `repair_${crypto.randomUUID()}`;
  const context = { bucket: settings.TIMESERIES, now: Date.now, newBuild, dryRun };
  return rebuildDays(context, sites, { range, cursor, isEverySite: site === undefined });
}
