import { expect, it } from "vitest";
import { parseDay } from "../domain/day.ts";
import type { Progress, SiteProgress } from "./progress.ts";
import type { WaitingStart } from "./queue.ts";
import { stateDocument, backfillStatus } from "./status-answer.ts";

const START = Date.UTC(2025, 1, 1);
const HOUR = 3_600_000;

const SITE: SiteProgress = {
  site: "ses_falls_city",
  total: 365,
  pending: 200,
  skipped: 60,
  written: 100,
  empty: 3,
  suspect: 1,
  failed: 1,
  records: 617_100_000,
  apiCalls: 7000,
  retries: 12,
  rejected: { null: 5 },
  current: parseDay("2024-06-15"),
  movedAt: START + 105 * HOUR,
  build: { hours: 9, samples: 2_400_000, requests: 29 },
};
const DAYS: Progress["days"] = {
  total: 365,
  completed: 163,
  failed: 1,
  suspect: 1,
  skipped: 60,
  empty: 3,
  unskipped: 305,
  unskippedSiteDays: 305,
};
const RUNNING: Progress = {
  job: {
    backfillId: "backfill_1707934800_abc123",
    status: "in_progress",
    range: { first: parseDay("2024-01-01")!, last: parseDay("2024-12-30")! },
    epoch: 0,
    startedAt: START,
    updatedAt: START + 105 * HOUR,
    reason: null,
    replaceSuspect: false,
  },
  days: DAYS,
  sites: [SITE],
  finishedAt: Array.from({ length: 50 }, (_, i) => START + (56 + i) * HOUR),
  intervalMs: 1500,
};

const WAITING: WaitingStart = {
  backfillId: "backfill_1707934900_def456",
  range: { first: parseDay("2023-01-01")!, last: parseDay("2023-12-31")! },
  sites: [{ id: 1, name: "ses_falls_city" }],
  forceRestart: false,
  position: 1,
  queuedAt: START + HOUR,
  coveredSince: START,
};

it("has the older documents' keys and the new ones", () => {
  expect(backfillStatus(RUNNING, [WAITING], START + 105 * HOUR)).toEqual({
    status: "in_progress",
    backfill_id: "backfill_1707934800_abc123",
    start_date: "2024-01-01",
    end_date: "2024-12-30",
    current_date: "2024-06-15",
    days_completed: 163,
    days_total: 365,
    site_days_completed: 163,
    site_days_total: 365,
    progress_percent: "44.66",
    records_processed: 617_100_000,
    started_at: "2025-02-01T00:00:00.000Z",
    last_updated: "2025-02-05T09:00:00.000Z",
    // 200 more days, one hour each
    estimated_completion: new Date(START + 305 * HOUR).toISOString(),
    days_failed: 1,
    days_empty: 3,
    days_skipped: 60,
    days_suspect: 1,
    retries: 12,
    api_calls: 7000,
    records_rejected: { null: 5 },
    rate: { days_per_hour: 1, requests_per_minute: 40 },
    stalled: false,
    reason: null,
    sites: [
      {
        site: "ses_falls_city",
        current_date: "2024-06-15",
        days_completed: 163,
        days_total: 365,
        days_failed: 1,
        days_empty: 3,
        days_skipped: 60,
        days_suspect: 1,
        progress_percent: "44.66",
        records_processed: 617_100_000,
        records_rejected: { null: 5 },
        api_calls: 7000,
        retries: 12,
        stalled: false,
        running_day: { date: "2024-06-15", hours_done: 9, hours_total: 24, requests: 29, samples: 2_400_000 },
      },
    ],
    queue: [
      {
        backfill_id: "backfill_1707934900_def456",
        position: 1,
        start_date: "2023-01-01",
        end_date: "2023-12-31",
        sites: ["ses_falls_city"],
        force_restart: false,
        queued_at: "2025-02-01T01:00:00.000Z",
      },
    ],
  });
});

it.each([
  [8, 12, "66.67"],
  [165, 365, "45.21"],
  [1, 3, "33.33"],
  [99_999, 100_000, "99.99"],
  [0, 7, "0.00"],
  [7, 7, "100.00"],
])("rounds %d of %d days to %s", (done, days, text) => {
  const site = { ...SITE, skipped: 0, empty: 0, written: done, total: days };
  expect(backfillStatus({ ...RUNNING, sites: [site] }, [], START).progress_percent).toBe(text);
});

it("counts a calendar day once and its site-days separately", () => {
  const other = { ...SITE, site: "other", current: parseDay("2024-03-01"), rejected: { null: 1, future: 2 } };
  const days = { ...DAYS, completed: 120, unskippedSiteDays: 610 };
  const status = backfillStatus({ ...RUNNING, days, sites: [SITE, other] }, [], START + 105 * HOUR);
  expect(status).toMatchObject({
    current_date: "2024-03-01",
    days_completed: 120,
    days_total: 365,
    site_days_completed: 326,
    site_days_total: 730,
    progress_percent: "44.66",
    // one site-day an hour is half a calendar day of two sites
    rate: { days_per_hour: 0.5 },
    records_rejected: { null: 6, future: 2 },
    estimated_completion: new Date(START + 505 * HOUR).toISOString(),
  });
});

it("reports 100 only when done, and an end only while running", () => {
  const almost = { ...SITE, total: 100_000, written: 99_938, empty: 0, pending: 1 };
  expect(backfillStatus({ ...RUNNING, sites: [almost] }, [], START).progress_percent).toBe("99.99");
  const cancelled = { ...RUNNING, job: { ...RUNNING.job, status: "cancelled" as const } };
  expect(backfillStatus(cancelled, [], START + 9999 * HOUR)).toMatchObject({
    status: "cancelled",
    estimated_completion: null,
    rate: { days_per_hour: 1 },
    sites: [{ running_day: null }],
  });
});

it("has no rate when every day failed", () => {
  const failed = { ...SITE, skipped: 0, written: 0, empty: 0, suspect: 0, failed: 365, pending: 0, records: 0 };
  const job = { ...RUNNING.job, status: "failed" as const };
  const status = backfillStatus({ ...RUNNING, job, sites: [failed], finishedAt: [] }, [], START + HOUR);
  expect(status).toMatchObject({ progress_percent: "0.00", rate: { days_per_hour: null } });
});

it("reports stalled sites while the job runs and they have days left", () => {
  const now = START + 105 * HOUR;
  const stalledOf = (sites: SiteProgress[], job = RUNNING.job) => {
    const status = backfillStatus({ ...RUNNING, job, sites }, [], now);
    return [status.stalled, ...status.sites.map((site) => site.stalled)];
  };
  const quiet = { ...SITE, movedAt: now - 1.1 * HOUR };
  expect(stalledOf([SITE, quiet])).toEqual([true, false, true]);
  expect(stalledOf([SITE, { ...quiet, pending: 0 }])).toEqual([false, false, false]);
  expect(stalledOf([{ ...SITE, movedAt: now - 0.9 * HOUR }])).toEqual([false, false]);
  expect(stalledOf([{ ...SITE, movedAt: null }])).toEqual([true, true]);
  expect(stalledOf([{ ...SITE, movedAt: null }], { ...RUNNING.job, startedAt: now })).toEqual([false, false]);
  expect(stalledOf([quiet], { ...RUNNING.job, status: "cancelled" })).toEqual([false, false]);
});

it("writes exactly the older documents' keys to KV", () => {
  expect(Object.keys(stateDocument(RUNNING)).sort()).toEqual(
    [
      "backfill_id",
      "status",
      "start_date",
      "end_date",
      "current_date",
      "days_completed",
      "days_total",
      "records_processed",
      "started_at",
      "last_updated",
    ].sort(),
  );
});
