import type { Job, KnownDay, SiteDays, SiteJob } from "./backfill-api.ts";
import { dayCount } from "./backfill-state.ts";

/** What a day is to a backfill, in the order of the legend. */
export const DAY_WORDS = {
  written: "Written",
  "empty-confirmed": "No samples",
  skipped: "There before",
  pending: "Waiting",
  suspect: "Suspect",
  failed: "Failed",
  missing: "Not built",
} as const;
export type ShownState = keyof typeof DAY_WORDS;

export const DAY_MEANINGS: Record<ShownState, string> = {
  written: "its file is whole",
  "empty-confirmed": "the building's API proved that it has none",
  skipped: "finished before this backfill",
  pending: "this backfill has yet to come to it",
  suspect: "its file is not what was written; it is not read",
  failed: "no attempt has succeeded",
  missing: "nobody has fetched it",
};

/** Whether the last attempt at a day brought something that is to be looked at. */
function isInTrouble(day: KnownDay): boolean {
  return day.state === "failed" || day.state === "suspect" || day.reason !== null;
}

/**
 * What a day is to a backfill: the manifest does not say which days one is still to come to, but their order does.
 * @param job null: there is none, or not of these days
 */
export function shownState(day: KnownDay, job: Job | null, site: SiteJob | null): ShownState {
  const isFinished = day.state === "empty-confirmed" || (day.state === "written" && day.source === "api");
  if (job === null || site === null || day.date < job.start_date || day.date > job.end_date) return day.state;
  if (day.updated_at !== null && day.updated_at >= job.started_at) return day.state;
  const isAhead = job.status === "in_progress" && site.current_date !== null && day.date >= site.current_date;
  if (isAhead && isWanted(day, isFinished, job, site)) return "pending";
  return isFinished ? "skipped" : day.state;
}

function isWanted(day: KnownDay, isFinished: boolean, job: Job, site: SiteJob): boolean {
  // One of fewer days than there are is of those only that had failed.
  if (site.days_total < dayCount(job.start_date, job.end_date)) return isInTrouble(day);
  // Without days that were skipped, those that are finished are done again.
  return !isFinished || site.days_skipped === 0;
}

/** A day with something wrong, of a site. */
export interface TroubledDay {
  readonly site: string;
  readonly date: string;
  readonly state: KnownDay["state"];
  readonly reason: string;
}

/** Days of all sites that failed, are suspect, or kept an older file, by date and site. */
export function troubledDays(sites: readonly SiteDays[], job: Job | null): TroubledDay[] {
  const found = sites.flatMap(({ site, days }) => {
    const ofSite = job?.sites.find((one) => one.site === site) ?? null;
    return days
      .filter((day) => isInTrouble(day) && shownState(day, job, ofSite) !== "pending")
      .map(({ date, state, reason }): TroubledDay => ({ site, date, state, reason: reason ?? "no reason is known" }));
  });
  return found.sort((a, b) => a.date.localeCompare(b.date) || a.site.localeCompare(b.site));
}

/** A calendar's month. */
interface MonthBlock {
  /** `YYYY-MM` */
  readonly month: string;
  /** weeks from Monday on; null: a day that is not in the list */
  readonly weeks: readonly (readonly (string | null)[])[];
}

/** Lays days out as months of weeks. @param dates `YYYY-MM-DD`, ascending, without holes */
export function monthBlocks(dates: readonly string[]): MonthBlock[] {
  return [...Map.groupBy(dates, (date) => date.slice(0, 7))].map(([month, days]) => {
    const weeks: (string | null)[][] = [];
    for (const date of days) {
      const weekday = (new Date(date).getUTCDay() + 6) % 7;
      if (weeks.length === 0 || weekday === 0) weeks.push(Array.from({ length: 7 }, () => null));
      weeks.at(-1)![weekday] = date;
    }
    return { month, weeks };
  });
}

/**
 * A number that changes at most a hundred times while a backfill goes on, and when it ends: how often its days are asked
 * for, which are many.
 */
export function daysRevision(job: Job): string {
  const tried = job.days_completed + job.days_failed + job.days_suspect;
  const step = Math.max(1, Math.ceil(job.days_total / 100));
  return `${job.backfill_id} ${job.status} ${Math.floor(tried / step)}`;
}
