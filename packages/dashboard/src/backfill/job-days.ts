import type { Job, KnownDay, SiteDays, SiteJob } from "./backfill-api.ts";

/** What a day is to a backfill, in the order of the legend. */
export const DAY_WORDS = {
  written: "Written",
  provisional: "Provisional",
  "confirmed-empty": "No samples",
  skipped: "There before",
  pending: "Waiting",
  suspect: "Suspect",
  failed: "Failed",
  deleted: "Deleted",
  awaiting: "Awaiting",
  missing: "Not built",
} as const;
export type ShownState = keyof typeof DAY_WORDS;

export const DAY_MEANINGS: Record<ShownState, string> = {
  written: "its file is whole",
  provisional: "its file has what the syncs brought; the building's API will be asked for the whole day",
  "confirmed-empty": "the building's API proved that it has none",
  skipped: "finished before this backfill",
  pending: "this backfill has yet to come to it",
  suspect: "its file is not what was written; it is not read",
  failed: "no attempt has succeeded",
  deleted: "somebody deleted its samples",
  awaiting: "nothing is stored of it yet; the building's API will be asked for it again",
  missing: "nobody has fetched it",
};

/** Whether the last attempt at a day brought something that is to be looked at. */
function isInTrouble(day: KnownDay, state: ShownState): boolean {
  if (state === "pending") return false;
  return state === "failed" || state === "suspect" || day.reason !== null;
}

/** Whether a day's file was built without the API, which has not answered yet and will be asked again. */
export function isProvisional(file: Pick<KnownDay, "state" | "source">, dueAt: string | null): boolean {
  return file.state === "written" && file.source === "d1" && dueAt !== null;
}

/** What a day is to no backfill. */
function stateOutside(day: KnownDay): ShownState {
  if (isProvisional(day, day.due_at)) return "provisional";
  return day.state === "missing" && day.due_at !== null ? "awaiting" : day.state;
}

/**
 * What a day is to a backfill: the backfill's own outcome, where the manifest does not say something newer.
 * @param job null: the days are not of a backfill
 */
export function shownState(day: KnownDay, job: Job | null): ShownState {
  if (job === null) return stateOutside(day);
  switch (day.job_outcome) {
    case "failed":
    case "suspect":
      // An older file may stay in its place.
      return day.job_outcome;
    case "pending":
      return job.status === "in_progress" ? "pending" : stateOutside(day);
    case "skipped":
      return day.state === "written" || day.state === "confirmed-empty" ? "skipped" : stateOutside(day);
    case "written":
    case "confirmed-empty":
    case null:
      return stateOutside(day);
  }
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
    return days
      .filter((day) => isInTrouble(day, shownState(day, job)))
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
  const { total, completed, bad } = siteDays(job);
  const tried = completed + bad;
  const step = Math.max(1, Math.ceil(total / 100));
  return `${job.backfill_id} ${job.status} ${Math.floor(tried / step)}`;
}

export interface SiteDayCounts {
  readonly total: number;
  readonly completed: number;
  /** failed or suspect */
  readonly bad: number;
}

/** A backfill's days of each site, a day of two sites counted twice. */
export function siteDays({ sites }: Job): SiteDayCounts {
  const sum = (of: (site: SiteJob) => number) => sites.reduce((all, site) => all + of(site), 0);
  return {
    total: sum((site) => site.days_total),
    completed: sum((site) => site.days_completed),
    bad: sum((site) => site.days_failed + site.days_suspect),
  };
}
