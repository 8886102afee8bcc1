import { DAY_MS, dayOf, dayRange, dayStart } from "../domain/day.ts";
import { type ArchivedDay, archiveDay, youngDays } from "./archive-day.ts";
import type { PublishContext } from "./publish-day.ts";
import { sweepStaging } from "./staging.ts";
import { sweepSegments } from "./sweep-segments.ts";

/** A daily cron may run for 15 minutes; a day of 6.6 M samples takes about one. */
const ARCHIVE_BUDGET_MS = 12 * 60_000;

/** How long a build may take from its first spill to its end, before what it staged counts as litter. */
const STAGING_KEPT_MS = 2 * DAY_MS;

export interface ArchiveContext extends Omit<PublishContext, "db"> {
  /** days that samples stay hot */
  readonly hotDays: number;
  /** a name that no build has had */
  readonly newBuild: () => string;
}

/** A site, as the database that has its samples knows it. */
interface ArchivedSite {
  readonly db: D1Database;
  readonly id: number;
  readonly name: string;
}

/** What one run of the archive did: the answer of `POST /archive`. */
export interface ArchiveResult {
  /** ISO-8601 UTC */
  readonly startTime: string;
  /** milliseconds */
  readonly duration: number;
  readonly days: readonly ArchivedDay[];
  /** days that are due, but were not reached in the time of one run; the next goes on */
  readonly remaining: number;
  /** objects of builds that died, removed from staging */
  readonly swept: number;
}

/**
 * Archives the days of these sites that have left the hot window, oldest first.
 * @param onlyDay whole days since 1970: only this day, and even if it has not left the window
 * @throws the errors of D1 and R2, where the work could not even be listed
 */
export async function archiveSites(
  context: ArchiveContext,
  sites: readonly ArchivedSite[],
  onlyDay: number | null = null,
): Promise<ArchiveResult> {
  const { bucket, now, hotDays, newBuild } = context;
  const started = now();
  const swept = await sweepStaging(bucket, started - STAGING_KEPT_MS);
  const due: { site: ArchivedSite; day: number }[] = [];
  for (const site of sites) {
    await sweepSegments(site.db, site.id);
    // a day is due when its last moment has left the window
    const range = onlyDay === null ? { start: 0, end: dayStart(dayOf(started - hotDays * DAY_MS)) } : dayRange(onlyDay);
    for (const day of await youngDays(site.db, site.id, range)) due.push({ site, day });
  }
  due.sort((a, b) => a.day - b.day);
  const days: ArchivedDay[] = [];
  for (const { site, day } of due) {
    if (now() - started >= ARCHIVE_BUDGET_MS) break;
    const { db, id, name } = site;
    days.push(await archiveDay({ bucket, now, db }, { build: newBuild(), site: { id, name }, day }));
  }
  return {
    startTime: new Date(started).toISOString(),
    duration: now() - started,
    days,
    remaining: due.length - days.length,
    swept,
  };
}
