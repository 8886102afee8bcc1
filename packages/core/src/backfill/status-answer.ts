import { dayText } from "../domain/day.ts";
import { addRejections, type RejectionCounts } from "../domain/rejection.ts";
import { estimatedEnd, msPerDay } from "./eta.ts";
import { daysCompleted, type Progress, type SiteProgress } from "./progress.ts";
import { stallMs } from "./stall.ts";

/** The job's state in the keys of the older documents: the JSON of `backfill:state`. */
export interface BackfillState {
  readonly backfill_id: string;
  readonly status: string;
  /** `YYYY-MM-DD`, inclusive */
  readonly start_date: string;
  readonly end_date: string;
  /** the first day that is not dealt with; the last one when all are */
  readonly current_date: string;
  /** written, empty, or skipped because they had been finished before; a day of two sites counts twice */
  readonly days_completed: number;
  readonly days_total: number;
  readonly records_processed: number;
  readonly started_at: string;
  readonly last_updated: string;
}

/** The answer of `GET /backfill/status` once there was a backfill. */
interface BackfillStatus extends BackfillState {
  /** of days_total, two decimals */
  readonly progress_percent: string;
  /** null when nothing runs, or before the first day is done */
  readonly estimated_completion: string | null;
  readonly days_failed: number;
  readonly days_empty: number;
  readonly days_skipped: number;
  readonly days_suspect: number;
  readonly retries: number;
  readonly api_calls: number;
  /** records that the upstream served and that are not stored, by reason */
  readonly records_rejected: RejectionCounts;
  readonly rate: {
    readonly days_per_hour: number | null;
    /** what the pace allows now, below the setting after a 429; null before the first request */
    readonly requests_per_minute: number | null;
  };
  /** whether a site has not finished a day for so long that somebody should look */
  readonly stalled: boolean;
  /** why the job failed */
  readonly reason: string | null;
  readonly sites: readonly SiteStatus[];
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
}

const iso = (time: number) => new Date(time).toISOString();

function percent(part: number, whole: number): string {
  if (whole === 0) return "100.00";
  // Rounded down: 100.00 is for what is done.
  return (Math.floor((part * 10_000) / whole) / 100).toFixed(2);
}

function total(sites: readonly SiteProgress[], of: (site: SiteProgress) => number): number {
  return sites.reduce((sum, site) => sum + of(site), 0);
}

export function backfillState({ job, sites }: Progress): BackfillState {
  const currents = sites.flatMap((site) => (site.current === null ? [] : [site.current]));
  return {
    backfill_id: job.backfillId,
    status: job.status,
    start_date: dayText(job.range.first),
    end_date: dayText(job.range.last),
    current_date: dayText(currents.length === 0 ? job.range.last : Math.min(...currents)),
    days_completed: total(sites, daysCompleted),
    days_total: total(sites, (site) => site.total),
    records_processed: total(sites, (site) => site.records),
    started_at: iso(job.startedAt),
    last_updated: iso(job.updatedAt),
  };
}

/** @param now epoch ms */
export function backfillStatus(progress: Progress, now: number): BackfillStatus {
  const { job, sites, finishedAt, intervalMs } = progress;
  const state = backfillState(progress);
  const tried = total(sites, (site) => site.written + site.empty + site.suspect + site.failed);
  const until = job.status === "in_progress" ? now : (finishedAt.at(-1) ?? now);
  const pace = { startedAt: job.startedAt, finishedAt, isAll: tried === finishedAt.length, now: until };
  const perDay = msPerDay(pace);
  const rejected: RejectionCounts = {};
  for (const site of sites) addRejections(rejected, site.rejected);
  const end =
    job.status === "in_progress"
      ? estimatedEnd(
          pace,
          total(sites, (site) => site.pending),
        )
      : null;
  const atWork = job.status === "in_progress" ? sites.filter((site) => site.pending > 0) : [];
  const apiCalls = total(sites, (site) => site.apiCalls);
  const patience = stallMs({ sites: atWork.length, apiCalls, days: tried, intervalMs });
  const stalled = new Set(atWork.filter((site) => now - Math.max(job.startedAt, site.movedAt ?? 0) > patience));
  return {
    ...state,
    progress_percent: percent(state.days_completed, state.days_total),
    estimated_completion: end === null ? null : iso(end),
    days_failed: total(sites, (site) => site.failed),
    days_empty: total(sites, (site) => site.empty),
    days_skipped: total(sites, (site) => site.skipped),
    days_suspect: total(sites, (site) => site.suspect),
    retries: total(sites, (site) => site.retries),
    api_calls: apiCalls,
    records_rejected: rejected,
    rate: {
      days_per_hour: perDay === null ? null : round(3_600_000 / perDay),
      requests_per_minute: intervalMs === null ? null : round(60_000 / intervalMs),
    },
    stalled: stalled.size > 0,
    reason: job.reason,
    sites: sites.map((site) => ({
      site: site.site,
      current_date: site.current === null ? null : dayText(site.current),
      days_completed: daysCompleted(site),
      days_total: site.total,
      days_failed: site.failed,
      days_empty: site.empty,
      days_skipped: site.skipped,
      days_suspect: site.suspect,
      progress_percent: percent(daysCompleted(site), site.total),
      records_processed: site.records,
      records_rejected: site.rejected,
      api_calls: site.apiCalls,
      retries: site.retries,
      stalled: stalled.has(site),
    })),
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
