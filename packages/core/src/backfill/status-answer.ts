import { dayText, HOURS_PER_DAY } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { addRejections, type RejectionCounts } from "../domain/rejection.ts";
import { estimatedEnd, msPerDay } from "./eta.ts";
import { type Progress, siteDaysCompleted, type SiteProgress } from "./progress.ts";
import type { WaitingStart } from "./queue.ts";
import { stallMs } from "./stall.ts";

/** The job's state with the keys of the older documents: the JSON of `backfill:state`. */
export interface StateDocument {
  readonly backfill_id: string;
  readonly status: string;
  /** `YYYY-MM-DD`, inclusive */
  readonly start_date: string;
  readonly end_date: string;
  /** the first pending day; the last day when none is pending */
  readonly current_date: string;
  /** calendar days that are written, empty or skipped as finished before, at all sites */
  readonly days_completed: number;
  /** calendar days, for any number of sites; equals `estimated_days` of the start */
  readonly days_total: number;
  /** samples of the job's days, including days finished before the job */
  readonly records_processed: number;
  readonly started_at: string;
  readonly last_updated: string;
}

/** The answer of `GET /backfill/status` after the first backfill. */
interface BackfillStatus extends StateDocument {
  /** a day of two sites counts twice */
  readonly site_days_completed: number;
  readonly site_days_total: number;
  /** site_days_completed of site_days_total, rounded to two decimals; 100.00 only when all are completed */
  readonly progress_percent: string;
  /** null when no job runs, or before the first day is done */
  readonly estimated_completion: string | null;
  /** calendar days that failed at a site; `days_suspect`: suspect at a site and failed at none */
  readonly days_failed: number;
  readonly days_suspect: number;
  /** calendar days that are empty at all sites; `days_skipped`: skipped at all sites */
  readonly days_empty: number;
  readonly days_skipped: number;
  readonly retries: number;
  /** requests for samples, counted when they are made */
  readonly api_calls: number;
  /** records that the upstream served and that were not stored, by reason */
  readonly records_rejected: RejectionCounts;
  readonly rate: {
    /** calendar days that this job wrote or confirmed empty, per hour; null before the first */
    readonly days_per_hour: number | null;
    /** the current pace, below the setting after a 429; null before the first request */
    readonly requests_per_minute: number | null;
  };
  /** whether a site has finished no day for so long that an operator should check */
  readonly stalled: boolean;
  /** why the job failed, or which job replaced it */
  readonly reason: string | null;
  readonly sites: readonly SiteStatus[];
  /** starts that wait for this job's end, in order */
  readonly queue: readonly QueuedStatus[];
}

interface SiteStatus {
  readonly site: string;
  readonly current_date: string | null;
  readonly days_completed: number;
  readonly days_total: number;
  readonly days_failed: number;
  readonly days_empty: number;
  readonly days_skipped: number;
  readonly days_suspect: number;
  readonly progress_percent: string;
  readonly records_processed: number;
  readonly records_rejected: RejectionCounts;
  readonly api_calls: number;
  readonly retries: number;
  readonly stalled: boolean;
  /** progress of the day in progress; null: none */
  readonly running_day: RunningDay | null;
}

interface RunningDay {
  readonly date: string;
  readonly hours_done: number;
  readonly hours_total: number;
  /** requests made and samples read so far */
  readonly requests: number;
  readonly samples: number;
}

interface QueuedStatus {
  readonly backfill_id: string;
  /** from 1 */
  readonly position: number;
  readonly start_date: string;
  readonly end_date: string;
  readonly sites: readonly string[];
  readonly force_restart: boolean;
  readonly queued_at: string;
}

const iso = (time: number) => new Date(time).toISOString();

function percent(part: number, whole: number): string {
  if (part >= whole) return "100.00";
  // 100.00 is reserved for a completed job.
  return Math.min(Math.round((part * 10_000) / whole) / 100, 99.99).toFixed(2);
}

function total(sites: readonly SiteProgress[], valueOf: (site: SiteProgress) => number): number {
  return sites.reduce((sum, site) => sum + valueOf(site), 0);
}

export function stateDocument({ job, days, sites }: Progress): StateDocument {
  const currents = sites.flatMap((site) => (site.current === null ? [] : [site.current]));
  return {
    backfill_id: job.backfillId,
    status: job.status,
    start_date: dayText(job.range.first),
    end_date: dayText(job.range.last),
    current_date: dayText(currents.length === 0 ? job.range.last : Math.min(...currents)),
    days_completed: days.completed,
    days_total: days.total,
    records_processed: total(sites, (site) => site.records),
    started_at: iso(job.startedAt),
    last_updated: iso(job.updatedAt),
  };
}

/** Site-days that this job wrote or confirmed empty. */
function siteDaysDone({ written, empty }: SiteProgress): number {
  return written + empty;
}

function paceOf({ job, sites, finishedAt }: Progress, now: number) {
  const isAll = total(sites, siteDaysDone) === finishedAt.length;
  const until = job.status === "in_progress" ? now : (finishedAt.at(-1) ?? now);
  return { startedAt: job.startedAt, finishedAt, isAll, now: until };
}

/** Sites with pending days that have finished none for longer than their pace explains. @param now epoch ms */
export function stalledSites({ job, sites, intervalMs }: Progress, now: number): ReadonlySet<SiteProgress> {
  const atWork = job.status === "in_progress" ? sites.filter((site) => site.pending > 0) : [];
  const apiCalls = total(sites, (site) => site.apiCalls);
  const tried = total(sites, (site) => siteDaysDone(site) + site.suspect + site.failed);
  const patience = stallMs({ sites: atWork.length, apiCalls, days: tried, intervalMs });
  return new Set(atWork.filter((site) => now - Math.max(job.startedAt, site.movedAt ?? 0) > patience));
}

/** @param now epoch ms */
export function backfillStatus(progress: Progress, queue: readonly WaitingStart[], now: number): BackfillStatus {
  const { job, days, sites, intervalMs } = progress;
  const isRunning = job.status === "in_progress";
  const pace = paceOf(progress, now);
  const perSiteDay = msPerDay(pace);
  const pending = total(sites, (site) => site.pending);
  const end = isRunning ? estimatedEnd(pace, pending) : null;
  const rejected: RejectionCounts = {};
  for (const site of sites) addRejections(rejected, site.rejected);
  const stalled = stalledSites(progress, now);
  const completed = total(sites, siteDaysCompleted);
  const siteDays = total(sites, (site) => site.total);
  return {
    ...stateDocument(progress),
    site_days_completed: completed,
    site_days_total: siteDays,
    progress_percent: percent(completed, siteDays),
    estimated_completion: end === null ? null : iso(end),
    days_failed: days.failed,
    days_empty: days.empty,
    days_skipped: days.skipped,
    days_suspect: days.suspect,
    retries: total(sites, (site) => site.retries),
    api_calls: total(sites, (site) => site.apiCalls),
    records_rejected: rejected,
    rate: {
      days_per_hour:
        perSiteDay === null ? null : round((HOUR_MS / perSiteDay) * (days.unskipped / days.unskippedSiteDays)),
      requests_per_minute: intervalMs === null ? null : round(60_000 / intervalMs),
    },
    stalled: stalled.size > 0,
    reason: job.reason,
    sites: sites.map((site) => siteStatus(site, isRunning, stalled.has(site))),
    queue: queue.map(queuedStatus),
  };
}

function siteStatus(site: SiteProgress, isRunning: boolean, stalled: boolean): SiteStatus {
  const { current, build } = site;
  const completed = siteDaysCompleted(site);
  return {
    site: site.site,
    current_date: current === null ? null : dayText(current),
    days_completed: completed,
    days_total: site.total,
    days_failed: site.failed,
    days_empty: site.empty,
    days_skipped: site.skipped,
    days_suspect: site.suspect,
    progress_percent: percent(completed, site.total),
    records_processed: site.records,
    records_rejected: site.rejected,
    api_calls: site.apiCalls,
    retries: site.retries,
    stalled,
    running_day:
      !isRunning || current === null || build === null
        ? null
        : {
            date: dayText(current),
            hours_done: build.hours,
            hours_total: HOURS_PER_DAY,
            requests: build.requests,
            samples: build.samples,
          },
  };
}

function queuedStatus({ backfillId, position, range, sites, forceRestart, queuedAt }: WaitingStart): QueuedStatus {
  return {
    backfill_id: backfillId,
    position,
    start_date: dayText(range.first),
    end_date: dayText(range.last),
    sites: sites.map(({ name }) => name),
    force_restart: forceRestart,
    queued_at: iso(queuedAt),
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
