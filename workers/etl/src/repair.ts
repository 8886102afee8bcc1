import { repairDays, type RepairResult } from "@building-vitals/core/cold/repair-days";
import type { RepairRange } from "@building-vitals/core/cold/list-day-files";
import { readSiteIds } from "@building-vitals/core/catalog/site-ids";
import { Problem } from "@building-vitals/core/domain/problem";
import { readSyncStates } from "@building-vitals/core/sync/sync-state";
import type { Settings } from "./env.ts";

/** What `POST /repair` is asked for. */
export interface RepairRequest {
  /** undefined: all of the SITES setting */
  readonly site: string | undefined;
  readonly range: RepairRange;
  readonly dryRun: boolean;
  readonly cursor: string | null;
}

/**
 * Rebuilds what D1 knows of day files from R2, a bounded number of days a run.
 * @throws {Problem} `unknown_site`
 */
export async function runRepair(
  settings: Settings,
  { site, range, dryRun, cursor }: RepairRequest,
): Promise<RepairResult> {
  const { DB: db, TIMESERIES: bucket, SITES } = settings;
  const names = SITES.map(({ name }) => name).filter((name) => site === undefined || name === site);
  if (names.length === 0) {
    throw new Problem("unknown_site", `The SITES setting has no site ${JSON.stringify(site)}.`, "site");
  }
  // makes those that are new, as D1 may have lost all of them
  if (!dryRun) await readSyncStates(db, names);
  const ids = await readSiteIds(db, names);
  const sites = names.map((name) => ({ name, id: ids.get(name) ?? null }));
  const newBuild = () => `repair_${crypto.randomUUID()}`;
  const context = { db, bucket, now: Date.now, newBuild, dryRun };
  return repairDays(context, sites, { range, cursor, isEverySite: site === undefined });
}
