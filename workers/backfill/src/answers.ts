import { DAY_STATES } from "@building-vitals/core/manifest/manifest";
import { OUTCOMES } from "@building-vitals/core/backfill/job-days";
import type { BackfillPlan } from "@building-vitals/core/backfill/plan";
import { REJECTION_REASONS } from "@building-vitals/core/domain/rejection";
import { z } from "zod";

const count = z.int().min(0);
const time = z.iso.datetime();
const date = z.iso.date();
const rejected = z.partialRecord(z.enum(REJECTION_REASONS), count);
const notStarted = z.strictObject({ status: z.literal("not_started"), message: z.string().optional() });

/** `POST /backfill/start`, and `/backfill/retry-failed` if some day has failed. */
export const startedSchema = z.strictObject({
  status: z.literal("started"),
  backfill_id: z.string(),
  start_date: date,
  end_date: date,
  estimated_days: count,
  message: z.string(),
});

/** `POST /backfill/start` with `queue` while another backfill runs. */
export const queuedSchema = startedSchema.extend({ status: z.literal("queued"), position: z.int().min(1) });

/** `POST /backfill/retry-failed` if no day has failed. */
export const nothingFailedSchema = notStarted;

const days = { days_completed: count, days_total: count, days_failed: count, days_empty: count };
const work = {
  ...days,
  days_skipped: count,
  days_suspect: count,
  progress_percent: z.string().meta({ description: "percentage of completed site-days, two decimals" }),
  records_processed: count.meta({
    description: "samples of the job's days, including days that were finished before it",
  }),
  records_rejected: rejected,
  api_calls: count.meta({ description: "requests for samples so far" }),
  retries: count,
  stalled: z.boolean().meta({ description: "no day has finished for so long that the backfill needs attention" }),
};

const runningDay = z.strictObject({
  date,
  hours_done: count,
  hours_total: count,
  requests: count,
  samples: count,
});

const queued = z.strictObject({
  backfill_id: z.string(),
  position: z.int().min(1),
  start_date: date,
  end_date: date,
  sites: z.array(z.string()),
  force_restart: z.boolean(),
  queued_at: time,
});

/** `GET /backfill/status`. */
export const statusSchema = z.union([
  notStarted,
  z.strictObject({
    status: z.enum(["in_progress", "completed", "cancelled", "failed"]),
    backfill_id: z.string(),
    start_date: date,
    end_date: date,
    current_date: date,
    started_at: time,
    last_updated: time,
    estimated_completion: time.nullable(),
    rate: z.strictObject({
      days_per_hour: z.number().nullable(),
      requests_per_minute: z.number().nullable(),
    }),
    reason: z.string().nullable(),
    sites: z.array(
      z.strictObject({
        site: z.string(),
        current_date: date.nullable(),
        ...work,
        running_day: runningDay.nullable(),
      }),
    ),
    queue: z.array(queued),
    ...work,
    site_days_completed: count,
    site_days_total: count,
  }),
]);

/** `POST /backfill/cancel`. */
export const cancelledSchema = z.strictObject({
  status: z.literal("cancelled"),
  backfill_id: z.string(),
  days_completed: count,
  message: z.string(),
});

const states = z.enum([...DAY_STATES, "missing"]);

/** `GET /backfill/days`. */
export const daysSchema = z.strictObject({
  from: date,
  to: date,
  sites: z.array(
    z.strictObject({
      site: z.string(),
      summary: z.record(states, count),
      days: z.array(
        z.strictObject({
          date,
          state: states,
          records: count,
          points: count,
          bytes: count,
          r2_path: z.string().nullable(),
          source: z.string().nullable(),
          job_outcome: z
            .enum(OUTCOMES)
            .nullable()
            .meta({ description: "in the backfill of /backfill/status; null: the day is not part of it" }),
          reason: z.string().nullable(),
          updated_at: time.nullable(),
          settled_at: time.nullable().meta({ description: "when the source was last asked for the day to settle it" }),
          due_at: time.nullable().meta({ description: "when it is settled next; null: never again" }),
        }),
      ),
    }),
  ),
});

const money = z.number().min(0);

/** `POST /backfill/plan`. */
export const planSchema: z.ZodType<BackfillPlan & { start_date: string; end_date: string }> = z.strictObject({
  start_date: date,
  end_date: date,
  days: count,
  days_skipped: count,
  calls: count,
  hours: z.number(),
  samples: count,
  bytes: count,
  cost: z.strictObject({
    currency: z.literal("USD"),
    total: money,
    r2_operations: money,
    d1_rows_written: money,
    workers_cpu: money,
    r2_storage_per_month: money,
  }),
  sites: z.array(
    z.strictObject({
      site: z.string(),
      days: count,
      days_skipped: count,
      calls: count,
      samples_per_day: z.number().nullable(),
      bytes: count,
      basis: z.enum(["day files", "catalogue", "nothing"]),
    }),
  ),
});

/** `POST /backfill/import-to-d1`. */
export const importStartedSchema = z.strictObject({
  status: z.literal("started"),
  import_id: z.string(),
  start_date: date,
  end_date: date,
  days: count,
});

/** `GET /backfill/import-to-d1/{id}`. */
export const importSchema = z.strictObject({
  status: z.enum(["in_progress", "completed", "cancelled", "failed"]),
  import_id: z.string(),
  result: z
    .strictObject({
      days_imported: count,
      records: count,
      not_imported: z.array(z.strictObject({ date, state: z.string(), reason: z.string().nullable() })),
    })
    .nullable(),
  reason: z.string().nullable(),
});
