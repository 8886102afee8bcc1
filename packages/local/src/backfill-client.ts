import { z } from "zod";
import { WorkerClient, WorkerRefused } from "./worker-client.ts";

const planSchema = z.object({
  days: z.int(),
  days_skipped: z.int(),
  calls: z.number(),
  hours: z.number(),
  samples: z.number(),
  bytes: z.number(),
  cost: z.object({ total: z.number(), r2_storage_per_month: z.number() }),
});
export type PlanAnswer = z.infer<typeof planSchema>;
const startedSchema = z.object({
  status: z.enum(["started", "queued"]),
  backfill_id: z.string(),
  /** position in the queue, from 1; absent: it has begun */
  position: z.int().optional(),
});
const retriedSchema = z.union([z.object({ status: z.literal("not_started") }), startedSchema]);
const cancelledSchema = z.object({ backfill_id: z.string(), days_completed: z.int() });
const runningDaySchema = z.object({
  date: z.string(),
  hours_done: z.int(),
  hours_total: z.int(),
  requests: z.int(),
  samples: z.int(),
});
const queuedSchema = z.object({ backfill_id: z.string(), start_date: z.string(), end_date: z.string() });
const statusSchema = z.object({
  status: z.enum(["in_progress", "completed", "cancelled", "failed"]),
  backfill_id: z.string(),
  days_completed: z.int(),
  days_total: z.int(),
  days_failed: z.int(),
  days_suspect: z.int(),
  days_empty: z.int(),
  days_skipped: z.int(),
  progress_percent: z.string(),
  records_processed: z.int(),
  start_date: z.string(),
  end_date: z.string(),
  current_date: z.string(),
  started_at: z.iso.datetime(),
  last_updated: z.iso.datetime(),
  rate: z.object({ days_per_hour: z.number().nullable() }),
  estimated_completion: z.string().nullable(),
  reason: z.string().nullable(),
  sites: z.array(z.object({ running_day: runningDaySchema.nullable() })),
  queue: z.array(queuedSchema),
});
export type BackfillStatus = z.infer<typeof statusSchema>;
const statusAnswerSchema = z.union([z.object({ status: z.literal("not_started") }), statusSchema]);
/** The HTTP API of a backfill Worker. */
export class BackfillClient {
  readonly #worker: WorkerClient;

  /** @param url without a trailing slash @param token the ADMIN_TOKEN */
  constructor(url: string, token: string) {
    this.#worker = new WorkerClient("backfill", url, token);
  }

  plan(body: Record<string, unknown>): Promise<PlanAnswer> {
    return this.#worker.ask(planSchema, "POST", "/backfill/plan", body);
  }

  start(body: Record<string, unknown>): Promise<z.infer<typeof startedSchema>> {
    return this.#worker.ask(startedSchema, "POST", "/backfill/start", body);
  }

  /** Backfills the failed days again. @returns `not_started` if no day failed */
  retryFailed(body: Record<string, unknown>): Promise<z.infer<typeof retriedSchema>> {
    return this.#worker.ask(retriedSchema, "POST", "/backfill/retry-failed", body);
  }

  /** Cancels a running or queued backfill. @throws {WorkerRefused} 409: it is neither */
  cancel(backfillId: string): Promise<z.infer<typeof cancelledSchema>> {
    return this.#worker.ask(cancelledSchema, "POST", "/backfill/cancel", { backfill_id: backfillId });
  }

  /** The running backfill, else the last one. @throws {WorkerRefused} 404: there was none */
  async status(): Promise<BackfillStatus> {
    const status = await this.#worker.ask(statusAnswerSchema, "GET", "/backfill/status");
    if (status.status === "not_started") throw new WorkerRefused(404, "No backfill was ever started.");
    return status;
  }
}
