import type { PlacedSite } from "@building-vitals/core/backfill/backfill-site";
import type { DayRange } from "@building-vitals/core/backfill/date-range";
import { readDayRuns } from "@building-vitals/core/backfill/day-runs";
import { type DaySelection, failJob, startJob } from "@building-vitals/core/backfill/job-store";
import { projectState } from "@building-vitals/core/backfill/projection";
import { type Progress, readProgress } from "@building-vitals/core/backfill/progress";
import { supervise } from "@building-vitals/core/backfill/supervise";
import { dayText } from "@building-vitals/core/domain/day";
import { Problem } from "@building-vitals/core/domain/problem";
import { logError } from "@building-vitals/core/telemetry/log";
import { instancesOf } from "./engine-instances.ts";
import type { Settings } from "./env.ts";

/** The answer of a start, in the shape of the older documents. */
interface Started {
  readonly status: "started";
  readonly backfill_id: string;
  readonly start_date: string;
  readonly end_date: string;
  /** of the site that has most */
  readonly estimated_days: number;
  readonly message: string;
}

/** `backfill_1707934800_abc123`: the second of its start, and six random hexadecimal digits. @param now epoch ms */
function newBackfillId(now: number): string {
  return `backfill_${Math.floor(now / 1000)}_${crypto.randomUUID().slice(0, 6)}`;
}

/**
 * Begins a backfill, an instance a site.
 * @throws {Problem} `backfill_in_progress`; what the engine refuses with: the job is failed then, so that another start
 *   is not kept waiting for it
 */
export async function startBackfill(
  settings: Settings,
  wanted: { readonly range: DayRange; readonly sites: readonly PlacedSite[]; readonly selection: DaySelection },
): Promise<Started> {
  const { DB, ETL_STATE, BACKFILL } = settings;
  const { range, sites, selection } = wanted;
  const now = Date.now();
  const siteIds = sites.filter(({ elsewhere }) => elsewhere === undefined).map(({ id }) => id);
  const elsewhere = await readDayRuns(sites, range);
  const job = await startJob(DB, { backfillId: newBackfillId(now), range, siteIds, elsewhere, selection }, now);
  if (job === null) {
    const detail = "A backfill is in progress: wait for it, or stop it with POST /backfill/cancel.";
    throw new Problem("backfill_in_progress", detail);
  }
  try {
    // Where this dies, the cron does it.
    await supervise(DB, instancesOf(BACKFILL), Date.now);
  } catch (error) {
    await failJob(DB, job, "the Workflow could not be started", Date.now());
    throw error;
  }
  const progress = await projectProgress(DB, ETL_STATE);
  return {
    status: "started",
    backfill_id: job.backfillId,
    start_date: dayText(range.first),
    end_date: dayText(range.last),
    estimated_days: Math.max(0, ...(progress?.sites ?? []).map((site) => site.total)),
    message: "Backfill started in background. Check /backfill/status for progress.",
  };
}

/** Shows the job in KV; the job stands whether or not that can be written. */
export async function projectProgress(db: D1Database, kv: KVNamespace): Promise<Progress | null> {
  const progress = await readProgress(db);
  try {
    if (progress !== null) await projectState(kv, progress);
  } catch (error) {
    logError("projection_failed", error);
  }
  return progress;
}
