import type { Measured } from "./measured.ts";

/** A deployment to estimate. */
export interface Deployment {
  /** points of a site */
  readonly points: number;
  /** seconds between two samples of a point */
  readonly interval: number;
  /** sites, all alike */
  readonly sites: number;
  /** queries to the query Worker a month, of all sites together */
  readonly queries: number;
  /** days whose samples are in segments: today, and days that are not settled yet */
  readonly segmentDays: number;
  /** years of history, including the days in segments */
  readonly years: number;
  /** minutes between two syncs */
  readonly syncMinutes: number;
  /** whether the sites keep month files */
  readonly monthFiles: boolean;
}

export const DAYS_PER_MONTH = 30;
export const DAYS_PER_YEAR = 365;
/** Days without a built month, on average: half of the current month, and a week until the last one is settled. */
const UNBUILT_DAYS = DAYS_PER_MONTH / 2 + 8;

/** Samples of a site. */
export function samplesPerDay({ points, interval }: Deployment): number {
  return (points * 86_400) / interval;
}

/** Days of stored history. */
export function historyDays({ years, segmentDays }: Deployment): number {
  return Math.max(years * DAYS_PER_YEAR, segmentDays);
}

/** Days of history in built months. */
export function builtDays(deployment: Deployment): number {
  return Math.max(0, historyDays(deployment) - UNBUILT_DAYS);
}

/** Bytes of a site's day file. */
export function fileBytes(deployment: Deployment, measured: Measured): number {
  return samplesPerDay(deployment) * measured.bytes.r2PerSample;
}
