import { type ArchiveResult, archiveSites } from "@building-vitals/core/cold/archive";
import { Problem } from "@building-vitals/core/domain/problem";
import { readSyncStates } from "@building-vitals/core/sync/sync-state";
import type { Settings } from "./env.ts";

/**
 * Archives what has left the hot window, of every site or of one; or one day, whatever its age.
 * @param day whole days since 1970
 * @throws {Problem} `unknown_site`
 */
export async function runArchive(settings: Settings, siteName?: string, day?: number): Promise<ArchiveResult> {
  const sites = settings.SITES.filter((site) => siteName === undefined || site.name === siteName);
  if (sites.length === 0) {
    throw new Problem("unknown_site", `The SITES setting has no site ${JSON.stringify(siteName)}.`, "site");
  }
  const { DB: db, TIMESERIES: bucket, HOT_DAYS: hotDays } = settings;
  const states = await readSyncStates(
    db,
    sites.map((site) => site.name),
  );
  const named = [...states].map(([name, { siteId: id }]) => ({ id, name }));
  const newBuild = () => `archive_${crypto.randomUUID()}`;
  return archiveSites({ db, bucket, hotDays, now: Date.now, newBuild }, named, day ?? null);
}
