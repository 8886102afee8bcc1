import type { Interval } from "../domain/interval.ts";

/** Points of one query. */
export const MAX_POINTS = 100;

/** The longest range of a query by resolution, in days: about 45,000 buckets at 1min and 1hr, 120 at 1month. */
export const MAX_SPAN_DAYS: Record<Interval, number> = {
  raw: 31,
  "1min": 31,
  "5min": 100,
  "15min": 400,
  "30min": 400,
  "1hr": 1830,
  "1day": 1830,
  "1week": 1830,
  "1month": 3660,
};

/** Values in one answer; a bucket counts as one. 16 MB of columns, and about 40 MB of JSON, which is streamed. */
export const MAX_VALUES = 1_000_000;

/** Hour rows read for one answer: 100 points x 20 days; about 70 MB of text, 6 MB of it at a time. */
export const MAX_HOUR_ROWS = 48_000;

/** Point-days whose locators are read for one answer, to find their place in R2; about 6 MB of text. */
export const MAX_POINT_DAYS = 48_000;

/**
 * Point-days whose hourly aggregates are read for one answer; up to 700 bytes each, 1,400 characters. It equals the
 * limit of days that may be read as samples, so that no range is allowed as aggregates alone.
 */
export const MAX_ROLLUPS = MAX_HOUR_ROWS + MAX_POINT_DAYS;

/** Point-days of hourly aggregates in memory at once: about 3 MB of text, 10 MB parsed; 1 point x 10 years. */
export const ROLLUPS_AT_ONCE = 4_000;

/**
 * Point-days of the archive that are read for the last samples that `locf` carries forward, beside the aggregates of
 * points read at once.
 */
export const CARRIED_READS = 200;

/** Limits of reading day files for one answer. */
export const MAX_COLD = {
  /** of the 1,000 requests that an invocation may make; the rest is for days that are replaced meanwhile */
  requests: 600,
  bytes: 64_000_000,
  /** rows of the row groups to decode */
  rows: 12_000_000,
} as const;

/** Cold samples of one point: 24 MB, and the same again while days are joined. */
export const MAX_POINT_SAMPLES = 1_500_000;

/** Point-hours that are read together from the hot level: 10 points x 31 days, 446,400 samples at a sample a minute. */
export const HOUR_ROWS_PER_BLOCK = 7_440;

/** Cold samples that are read together for several points: 10 points x 31 days at a sample a minute. */
export const SAMPLES_PER_BLOCK = 450_000;

/** Concurrent requests to R2. A Worker has six connections, so further requests would wait. */
export const REQUESTS_AT_ONCE = 6;
