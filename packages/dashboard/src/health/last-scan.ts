import type { SiteStatus } from "./health-api.ts";

/** Gap detection runs hourly. */
const OLD_MS = 3 * 3_600_000;

/** The result of the last gap scan. */
interface GapScan {
  /** epoch ms */
  readonly until: number;
  /** share of the expected samples in the 24 hours before, 0 to 1 */
  readonly fraction: number;
}

/** The last gap scan of a site; null: none yet, or no point has a known cadence. */
export function lastScanOf({ coverage_24h: coverage }: Pick<SiteStatus, "coverage_24h">): GapScan | null {
  if (coverage === null || coverage.fraction === null) return null;
  return { until: Date.parse(coverage.until), fraction: coverage.fraction };
}

/** Whether a scan is too old to describe the present. @param until and `now`: epoch ms */
export function isOld(until: number, now: number): boolean {
  return now - until > OLD_MS;
}
