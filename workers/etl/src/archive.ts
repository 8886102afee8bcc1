import { type ArchiveResult, archiveSites } from "@building-vitals/core/cold/archive";
import type { Settings } from "./env.ts";
import { type StoredSite, storedSites } from "./sites.ts";

/**
 * Archives what has left the hot window of every site, or of one; or one day, whatever its age.
 * @throws {Problem} `unknown_site`
 */
export async function runArchive(settings: Settings, siteName?: string, day?: number): Promise<ArchiveResult> {
  return archiveOf(settings, await storedSites(settings, siteName), day);
}

/**
 * Archives what has left the hot window of some sites; or one day, whatever its age.
 * @param day whole days since 1970
 */
export async function archiveOf(
  settings: Settings,
  sites: readonly StoredSite[],
  day?: number,
): Promise<ArchiveResult> {
  const { TIMESERIES: bucket, HOT_DAYS: hotDays } = settings;
  const newBuild = () => `archive_${crypto.randomUUID()}`;
  return archiveSites({ bucket, hotDays, now: Date.now, newBuild }, sites, day ?? null);
}
