import type { BackfillJob, KnownDay, SiteDays, BackfillSiteJob } from "./backfill-api.ts";

/** The states of a day in a backfill, in the order of the legend. */
export const DAY_LABELS = {
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
export type ShownState = keyof typeof DAY_LABELS;

export const DAY_MEANINGS: Record<ShownState, string> = {
  written: "its file is whole",
  provisional: "its file has the sync's samples; the building's API will be asked for the whole day",
  "confirmed-empty": "the building's API confirmed that it has no samples",
  skipped: "finished before this backfill",
  pending: "this backfill has not reached it yet",
  suspect: "its file is damaged or not the one written; it is not read",
  failed: "no attempt has succeeded",
  deleted: "its samples were deleted",
  awaiting: "nothing is stored yet; the building's API will be asked for it again",
  missing: "not fetched yet",
};

/** Whether the last attempt at a day needs attention. */
function isInTrouble(day: KnownDay, state: ShownState): boolean {
  if (state === "pending") return false;
  return state === "failed" || state === "suspect" || day.reason !== null;
}

/** Whether a day's file was built without the API, which has not answered yet and will be asked again. */
export function isProvisional(file: Pick<KnownDay, "state" | "source">, dueAt: string | null): boolean {
  return file.state === "written" && file.source === "d1" && dueAt !== null;
}

/** The state of a day outside of any backfill. */
function stateOutside(day: KnownDay): ShownState {
  if (isProvisional(day, day.due_at)) return "provisional";
  return day.state === "missing" && day.due_at !== null ? "awaiting" : day.state;
}

/**
 * The state of a day in a backfill: the backfill's own outcome, unless the manifest has a newer one.
 * @param job null: the days are of no backfill
 */
export function shownState(day: KnownDay, job: BackfillJob | null): ShownState {
  if (job === null) return stateOutside(day);
  switch (day.job_outcome) {
    case "failed":
    case "suspect":
      // An older file may stay in place.
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

/** A faulty day of a site. */
export interface TroubledDay {
  readonly site: string;
  readonly date: string;
  readonly state: KnownDay["state"];
  readonly reason: string;
}

/** Days of all sites that failed, are suspect, or kept an older file, by date and site. */
export function troubledDays(sites: readonly SiteDays[], job: BackfillJob | null): TroubledDay[] {
  const found = sites.flatMap(({ site, days }) => {
    return days
      .filter((day) => isInTrouble(day, shownState(day, job)))
      .map(({ date, state, reason }): TroubledDay => ({ site, date, state, reason: reason ?? "unknown reason" }));
  });
  return found.sort((a, b) => a.date.localeCompare(b.date) || a.site.localeCompare(b.site));
}

/** A calendar's month. */
interface MonthBlock {
  /** `YYYY-MM` */
  readonly month: string;
  /** weeks from Monday on; null: a day outside of the list */
  readonly weeks: readonly (readonly (string | null)[])[];
}

/** Arranges days as months of weeks. @param dates `YYYY-MM-DD`, ascending, without holes */
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
 * A number that changes at most a hundred times during a backfill, and at its end. The days are reloaded when it
 * changes, because they are many.
 */
export function daysRevision(job: BackfillJob): string {
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
export function siteDays({ sites }: BackfillJob): SiteDayCounts {
  const sum = (valueOf: (site: BackfillSiteJob) => number) => sites.reduce((all, site) => all + valueOf(site), 0);
  return {
    total: sum((site) => site.days_total),
    completed: sum((site) => site.days_completed),
    bad: sum((site) => site.days_failed + site.days_suspect),
  };
}
