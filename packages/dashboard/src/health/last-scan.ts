import type { SiteStatus } from "./health-api.ts";

/** It is done hourly. */
const OLD_MS = 3 * 3_600_000;

/** What the last look for gaps found. */
interface Look {
  /** epoch ms */
  readonly until: number;
  /** of the samples that were to be expected in the 24 hours before, 0 to 1 */
  readonly fraction: number;
}

/** The last look for gaps at a site; null: there was none, or no point's cadence was known to go by. */
export function lastScanOf({ coverage_24h: coverage }: Pick<SiteStatus, "coverage_24h">): Look | null {
  if (coverage === null || coverage.fraction === null) return null;
  return { until: Date.parse(coverage.until), fraction: coverage.fraction };
}

/** Whether a look is so old that it says little of now. @param until and `now`: epoch ms */
export function isOld(until: number, now: number): boolean {
  return now - until > OLD_MS;
}
