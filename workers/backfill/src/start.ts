import type { PlacedSite } from "@building-vitals/core/backfill/backfill-site";
import { type DayRange, dayCount } from "@building-vitals/core/backfill/date-range";
import { readDayRuns } from "@building-vitals/core/backfill/day-runs";
import { failJob } from "@building-vitals/core/backfill/job-store";
import { projectState } from "@building-vitals/core/backfill/projection";
import { type Progress, readProgress } from "@building-vitals/core/backfill/progress";
import type { DaySelection } from "@building-vitals/core/backfill/job-days";
import { type NewJob, startJob } from "@building-vitals/core/backfill/start-job";
import { enqueue, MAX_QUEUED, readQueue } from "@building-vitals/core/backfill/queue";
import { supervise } from "@building-vitals/core/backfill/supervise";
import { dayText } from "@building-vitals/core/domain/day";
import { Problem } from "@building-vitals/core/domain/problem";
import { logError } from "@building-vitals/core/telemetry/log";
import type { z } from "zod";
import type { queuedSchema, startedSchema } from "./answers.ts";
import type { BackfillRequest } from "./backfill-request.ts";
import { tryToBeginNext } from "./begin-next.ts";
import { instancesOf } from "./engine-instances.ts";
import type { Settings } from "./env.ts";

/** `backfill_1707934800_abc123`: the second of its start, and six random hexadecimal digits. @param now epoch ms */
function newBackfillId(now: number): string {
  return `backfill_${Math.floor(now / 1000)}_${crypto.randomUUID().slice(0, 6)}`;
}

const WAIT_OR_CANCEL = "wait for it, or stop it with POST /backfill/cancel";

interface WantedJob {
  readonly range: DayRange;
  readonly sites: readonly PlacedSite[];
  readonly selection: DaySelection;
  readonly supersedes?: boolean;
  /** suggestion for the case that another backfill runs; a clause */
  readonly otherwise?: string;
}

/**
 * Begins a backfill with an instance per site.
 * @throws {Problem} `backfill_in_progress`; the engine's error, after the job is marked as failed, so that it does not
 * block the next start
 */
export async function startBackfill(settings: Settings, wanted: WantedJob): Promise<z.input<typeof startedSchema>> {
  const { DB, ETL_STATE, BACKFILL } = settings;
  const { range, sites, selection, supersedes = false, otherwise = WAIT_OR_CANCEL } = wanted;
  const now = Date.now();
  const days: Pick<NewJob, "siteIds" | "elsewhere"> = {
    siteIds: sites.filter(({ elsewhere }) => elsewhere === undefined).map(({ id }) => id),
    elsewhere: await readDayRuns(sites, range),
  };
  const job = await startJob(DB, { backfillId: newBackfillId(now), range, ...days, selection, supersedes }, now);
  if (job === null) throw new Problem("backfill_in_progress", `A backfill is in progress: ${otherwise}.`);
  try {
    // After a crash here the cron continues.
    await supervise(DB, instancesOf(BACKFILL), Date.now);
  } catch (error) {
    await failJob(DB, job, "the Workflow could not be started", Date.now());
    throw error;
  }
  const progress = await projectProgress(DB, ETL_STATE);
  const isShown = progress?.job.backfillId === job.backfillId;
  return startedAnswer(job.backfillId, range, isShown ? progress.days.total : dayCount(range));
}

function startedAnswer(backfillId: string, range: DayRange, days: number): z.input<typeof startedSchema> {
  return {
    status: "started",
    backfill_id: backfillId,
    start_date: dayText(range.first),
    end_date: dayText(range.last),
    estimated_days: days,
    message: "Backfill started in background. Check /backfill/status for progress.",
  };
}

/**
 * Puts a backfill at the end of the queue, and begins it if no other runs or waits.
 * @throws {Problem} `backfill_queue_full`
 */
export async function queueBackfill(
  settings: Settings,
  { range, sites, forceRestart }: BackfillRequest,
): Promise<z.input<typeof startedSchema> | z.input<typeof queuedSchema>> {
  const { DB, ETL_STATE } = settings;
  const now = Date.now();
  const id = await enqueue(DB, { backfillId: newBackfillId(now), range, sites, forceRestart }, now);
  if (id === null) {
    const detail = `The queue is full: ${MAX_QUEUED} backfills wait. Cancel one, or try again after one has begun.`;
    throw new Problem("backfill_queue_full", detail);
  }
  await tryToBeginNext(settings);
  await projectProgress(DB, ETL_STATE);
  const waiting = (await readQueue(DB)).find(({ backfillId }) => backfillId === id);
  const started = startedAnswer(id, range, dayCount(range));
  if (waiting === undefined) return started;
  return {
    ...started,
    status: "queued",
    position: waiting.position,
    message: "Backfill queued. It begins after those before it have ended; /backfill/status shows the queue.",
  };
}

/** Shows the job in KV. A failed write is logged and does not affect the job. */
export async function projectProgress(db: D1Database, kv: KVNamespace): Promise<Progress | null> {
  const progress = await readProgress(db);
  try {
    if (progress !== null) await projectState(kv, progress);
  } catch (error) {
    logError("projection_failed", error);
  }
  return progress;
}
