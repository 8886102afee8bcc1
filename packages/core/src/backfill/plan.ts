import { HOURS_PER_DAY } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";

/** The state of a site before its days are fetched. */
export interface SiteEstimate {
  readonly site: string;
  /** days to fetch, and finished days of the range */
  readonly days: number;
  readonly skipped: number;
  /** average; null: unknown */
  readonly samplesPerDay: number | null;
  /** average size of a day file; null: no day file yet */
  readonly bytesPerDay: number | null;
  readonly points: number;
  /** the source of samplesPerDay: existing files, or the points' intervals */
  readonly basis: "day files" | "catalogue" | "nothing";
}

interface PlanSettings {
  readonly pageSize: number;
  readonly requestsPerMinute: number;
  /** as measured in the last backfill, in milliseconds; null: there was none */
  readonly msPerCall: number | null;
}

/** The expected work and cost of a backfill. All but the days are estimates. */
export interface BackfillPlan {
  readonly days: number;
  readonly days_skipped: number;
  readonly calls: number;
  readonly hours: number;
  readonly samples: number;
  readonly bytes: number;
  /** for one run; the storage for each month that the files are kept */
  readonly cost: {
    readonly currency: "USD";
    readonly total: number;
    readonly r2_operations: number;
    readonly d1_rows_written: number;
    readonly workers_cpu: number;
    readonly r2_storage_per_month: number;
  };
  readonly sites: readonly SitePlan[];
}

interface SitePlan {
  readonly site: string;
  readonly days: number;
  readonly days_skipped: number;
  readonly calls: number;
  readonly samples_per_day: number | null;
  readonly bytes: number;
  readonly basis: SiteEstimate["basis"];
}

/** Measured on a day of 4,583 points. */
const BYTES_PER_SAMPLE = 1.3;
const CPU_MS_PER_SAMPLE = 0.002;

/** A day has one spill an hour. The merge reads each spill in pieces. */
const READS_A_SPILL = 8;
const PART_BYTES = 8 * 2 ** 20;
/** begin and complete an upload, and move the file into place */
const PUBLISHING_WRITES = 4;

/** Cloudflare's list prices in USD, above the included amounts of a paid account. */
const PRICE = {
  r2Write: 4.5e-6,
  r2Read: 0.36e-6,
  r2GbMonth: 0.015,
  d1RowWritten: 1e-6,
  workersCpuMs: 0.02e-6,
} as const;

/** Estimates duration and cost of fetching the sites' days. */
export function planBackfill(estimates: readonly SiteEstimate[], settings: PlanSettings): BackfillPlan {
  const msPerCall = Math.max(60_000 / settings.requestsPerMinute, settings.msPerCall ?? 0);
  const total = { days: 0, skipped: 0, calls: 0, samples: 0, bytes: 0, operations: 0, rows: 0, cpu: 0 };
  const sites = estimates.map((estimate): SitePlan => {
    const { site, days, skipped, samplesPerDay, points, basis } = estimate;
    const perDay = samplesPerDay ?? 0;
    // Each hour is a window of its own, so it takes at least one page.
    const calls = days * HOURS_PER_DAY * Math.max(1, Math.ceil(perDay / HOURS_PER_DAY / settings.pageSize));
    const dayBytes = estimate.bytesPerDay ?? perDay * BYTES_PER_SAMPLE;
    const writes = HOURS_PER_DAY + PUBLISHING_WRITES + Math.ceil(dayBytes / PART_BYTES);
    total.days += days;
    total.skipped += skipped;
    total.calls += calls;
    total.samples += days * perDay;
    total.bytes += days * dayBytes;
    total.operations += days * (writes * PRICE.r2Write + HOURS_PER_DAY * READS_A_SPILL * PRICE.r2Read);
    total.rows += days * (points + PUBLISHING_WRITES) * PRICE.d1RowWritten;
    total.cpu += days * perDay * CPU_MS_PER_SAMPLE * PRICE.workersCpuMs;
    const bytes = Math.round(days * dayBytes);
    return { site, days, days_skipped: skipped, calls, samples_per_day: samplesPerDay, bytes, basis };
  });
  return {
    days: total.days,
    days_skipped: total.skipped,
    calls: total.calls,
    hours: rounded((total.calls * msPerCall) / HOUR_MS),
    samples: Math.round(total.samples),
    bytes: Math.round(total.bytes),
    cost: {
      currency: "USD",
      total: rounded(total.operations + total.rows + total.cpu),
      r2_operations: rounded(total.operations),
      d1_rows_written: rounded(total.rows),
      workers_cpu: rounded(total.cpu),
      r2_storage_per_month: rounded((total.bytes / 1e9) * PRICE.r2GbMonth),
    },
    sites,
  };
}

function rounded(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
