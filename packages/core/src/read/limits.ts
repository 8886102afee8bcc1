import type { Interval } from "../domain/interval.ts";

/** Points of one query. */
export const MAX_POINTS = 100;

/** The longest range of a query by resolution, in days: about 45,000 buckets at 1min, 1,830 at 1day. */
export const MAX_SPAN_DAYS: Record<Interval, number> = { raw: 31, "1min": 31, "5min": 100, "1hr": 800, "1day": 1830 };

/** Values in one answer, a bucket being one: 16 MB of columns, and about 40 MB of JSON, which is streamed. */
export const MAX_VALUES = 1_000_000;

/** Hour rows read for one answer: 100 points x 20 days; about 70 MB of text, 6 MB of it at a time. */
export const MAX_HOUR_ROWS = 48_000;

/** Points' days whose locator is read for one answer, to know where to read in R2; about 6 MB of text. */
export const MAX_POINT_DAYS = 48_000;

/**
 * Points' days whose hourly aggregates are read for one answer; up to 700 bytes each, 1,400 characters. As many as hours and
 * days that may be read as samples, so that no range can be had of these alone.
 */
export const MAX_ROLLUPS = MAX_HOUR_ROWS + MAX_POINT_DAYS;

/** Points' days of hourly aggregates in memory at once: about 3 MB of text, 10 MB when they are parsed; 1 point x 10 years. */
export const ROLLUPS_AT_ONCE = 4_000;

/**
 * Days of points that are read from the archive beside aggregates, of points whose aggregates are read at once, to know
 * the last samples that `locf` carries on.
 */
export const CARRIED_READS = 200;

/** What reading day files for one answer may cost. */
export const MAX_COLD = {
  /** of the 1,000 that an invocation may make, so that days which were replaced meanwhile can be read again */
  requests: 600,
  bytes: 64_000_000,
  /** rows of the row groups that are decoded */
  rows: 12_000_000,
} as const;

/** Cold samples of one point: 24 MB, and as much again while days are joined. */
export const MAX_POINT_SAMPLES = 1_500_000;

/** Hours of points that are read together in the hot level: 10 points x 31 days, at a sample a minute 446,400 samples. */
export const HOUR_ROWS_PER_BLOCK = 7_440;

/** Cold samples that are read together, where they are of more than one point: 10 points x 31 days at a sample a minute. */
export const SAMPLES_PER_BLOCK = 450_000;

/** Requests to R2 under way at once: a Worker has six connections, and more would only wait. */
export const REQUESTS_AT_ONCE = 6;
