import * as z from "zod/mini";
import { ask } from "../api/ask.ts";

const count = z.number();
const date = z.string();

const work = {
  days_completed: count,
  days_total: count,
  days_failed: count,
  days_empty: count,
  days_skipped: count,
  days_suspect: count,
  progress_percent: z.string(),
  records_processed: count,
  records_rejected: z.record(z.string(), count),
  api_calls: count,
  retries: count,
  stalled: z.boolean(),
};

const runningDaySchema = z.object({
  date,
  hours_done: count,
  hours_total: count,
  requests: count,
  samples: count,
});
/** Progress within the day that a site builds. */
export type RunningDay = z.infer<typeof runningDaySchema>;

const siteJobSchema = z.object({
  site: z.string(),
  current_date: z.nullable(date),
  ...work,
  running_day: z.nullable(runningDaySchema),
});

const queuedSchema = z.object({
  backfill_id: z.string(),
  start_date: date,
  end_date: date,
  sites: z.array(z.string()),
  force_restart: z.boolean(),
});
/** A backfill that waits for the ones before it. */
export type QueuedJob = z.infer<typeof queuedSchema>;

const jobSchema = z.object({
  status: z.enum(["in_progress", "completed", "cancelled", "failed"]),
  backfill_id: z.string(),
  start_date: date,
  end_date: date,
  current_date: date,
  started_at: z.string(),
  last_updated: z.string(),
  estimated_completion: z.nullable(z.string()),
  rate: z.object({ days_per_hour: z.nullable(count), requests_per_minute: z.nullable(count) }),
  reason: z.nullable(z.string()),
  sites: z.array(siteJobSchema),
  queue: z.array(queuedSchema),
  ...work,
});

/** The running backfill, or the last one. Dates are UTC days, both ends included. */
export type BackfillJob = z.infer<typeof jobSchema>;
/** The part of one site. */
export type BackfillSiteJob = z.infer<typeof siteJobSchema>;

const statusSchema = z.union([jobSchema, z.object({ status: z.literal("not_started") })]);

/** null: none yet */
export async function fetchJob(signal: AbortSignal): Promise<BackfillJob | null> {
  const answer = await ask("/backfill/status", statusSchema, { signal });
  return answer.status === "not_started" ? null : answer;
}

const daySchema = z.object({
  date,
  state: z.enum(["written", "confirmed-empty", "suspect", "failed", "deleted", "missing"]),
  records: count,
  points: count,
  bytes: count,
  /** `api`: the API proved that it served the whole day; `d1`: built without it */
  source: z.nullable(z.enum(["api", "d1"])),
  job_outcome: z.nullable(z.enum(["pending", "skipped", "written", "confirmed-empty", "suspect", "failed"])),
  reason: z.nullable(z.string()),
  updated_at: z.nullable(z.string()),
  settled_at: z.nullable(z.string()),
  due_at: z.nullable(z.string()),
});
/** The state of a site's UTC day. */
export type KnownDay = z.infer<typeof daySchema>;

const siteDaysSchema = z.object({ site: z.string(), days: z.array(daySchema) });
export type SiteDays = z.infer<typeof siteDaysSchema>;

/** @param site null: all sites */
export async function fetchDays(
  range: { readonly from: string; readonly to: string },
  site: string | null,
  signal: AbortSignal,
): Promise<SiteDays[]> {
  const query = new URLSearchParams({ from: range.from, to: range.to });
  if (site !== null) query.set("site", site);
  const schema = z.object({ sites: z.array(siteDaysSchema) });
  return (await ask(`/backfill/days?${query.toString()}`, schema, { signal })).sites;
}

/** The body of a plan and of a start. */
export interface BackfillBody {
  readonly start_date: string;
  readonly end_date: string;
  readonly force_restart?: true;
  /** absent: all sites */
  readonly sites?: readonly string[];
}

const planSchema = z.object({
  days: count,
  days_skipped: count,
  calls: count,
  hours: count,
  samples: count,
  bytes: count,
  cost: z.object({ total: count, r2_storage_per_month: count }),
  sites: z.array(z.object({ site: z.string(), basis: z.enum(["day files", "catalogue", "nothing"]) })),
});
export type Plan = z.infer<typeof planSchema>;

export function fetchPlan(body: BackfillBody): Promise<Plan> {
  return ask("/backfill/plan", planSchema, { method: "POST", body, token: "admin" });
}

/** Starts a backfill, or queues it behind a running one. */
export async function startBackfill(wanted: BackfillBody): Promise<void> {
  const body = { ...wanted, queue: true };
  await ask("/backfill/start", z.object({ backfill_id: z.string() }), { method: "POST", body, token: "admin" });
}

/** Cancels a running or queued backfill. */
export async function cancelBackfill(id: string): Promise<void> {
  const body = { backfill_id: id };
  await ask("/backfill/cancel", z.object({ status: z.string() }), { method: "POST", body, token: "admin" });
}

/** Starts a backfill of failed and suspect days. @returns whether there were any */
export async function retryFailed(body: Pick<BackfillBody, "start_date" | "end_date" | "sites">): Promise<boolean> {
  const schema = z.object({ status: z.string() });
  const { status } = await ask("/backfill/retry-failed", schema, { method: "POST", body, token: "admin" });
  return status === "started";
}
