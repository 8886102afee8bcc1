import { type ArchiveResult, archiveSites } from "@building-vitals/core/cold/archive";
import type { Settings } from "./env.ts";
import { storedSites } from "./sites.ts";

/**
 * Archives what has left the hot window, of every site or of one; or one day, whatever its age.
 * @param day whole days since 1970
 * @throws {Problem} `unknown_site`
 */
export async function runArchive(settings: Settings, siteName?: string, day?: number): Promise<ArchiveResult> {
  const sites = await storedSites(settings, siteName);
  const { TIMESERIES: bucket, HOT_DAYS: hotDays } = settings;
  const newBuild = () => `archive_${crypto.randomUUID()}`;
  return archiveSites({ bucket, hotDays, now: Date.now, newBuild }, sites, day ?? null);
}
