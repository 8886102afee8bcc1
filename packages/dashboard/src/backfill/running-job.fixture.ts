import type { BackfillJob } from "./backfill-api.ts";

const work = {
  days_completed: 3,
  days_total: 10,
  days_failed: 0,
  days_empty: 0,
  days_skipped: 0,
  days_suspect: 0,
  progress_percent: "30.00",
  records_processed: 3000,
  records_rejected: {},
  api_calls: 72,
  retries: 0,
  stalled: false,
};

/** A backfill of ten days, three of them done, for tests. @param part different fields, also of its only site */
export function runningJob(part: Partial<BackfillJob>): BackfillJob {
  return {
    status: "in_progress",
    backfill_id: "backfill_1_aaaaaa",
    start_date: "2026-11-01",
    end_date: "2026-11-10",
    current_date: "2026-11-04",
    started_at: "2026-11-23T04:00:00.000Z",
    last_updated: "2026-11-23T04:20:00.000Z",
    estimated_completion: null,
    rate: { days_per_hour: 9, requests_per_minute: 50 },
    reason: null,
    sites: [{ site: "a", current_date: "2026-11-04", ...work, running_day: null }],
    queue: [],
    ...work,
    ...part,
  };
}
