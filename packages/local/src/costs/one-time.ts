import { type OperationCounts, plus, times } from "./counts.ts";
import { DAYS_PER_YEAR, type Deployment, samplesPerDay } from "./deployment.ts";
import type { Measured } from "./measured.ts";
import { jobCounts } from "./one-run.ts";
import { listPrice } from "./prices.ts";

const MONTHS_PER_YEAR = 12;
/** The defaults of PAGE_SIZE and REQUESTS_PER_MINUTE. */
const PAGE_ROWS = 100_000;
const REQUESTS_PER_MINUTE = 50;

/** The backfill of a year of one site, and the build of its months. */
export interface YearOfBackfill {
  readonly counts: OperationCounts;
  /** at the default pace; longer with a slower API */
  readonly hours: number;
  /** USD at list price, nothing included */
  readonly cost: number;
}

export function yearOfBackfill(deployment: Deployment, measured: Measured): YearOfBackfill {
  // a window is an hour of the site
  const apiCalls = DAYS_PER_YEAR * 24 * Math.ceil(samplesPerDay(deployment) / 24 / PAGE_ROWS);
  const counts = {
    ...plus(
      times(DAYS_PER_YEAR, jobCounts("backfilledDay", deployment, measured)),
      times(MONTHS_PER_YEAR, jobCounts(deployment.monthFiles ? "builtMonth" : "packedMonth", deployment, measured)),
    ),
    apiCalls,
  };
  return { counts, hours: apiCalls / REQUESTS_PER_MINUTE / 60, cost: listPrice(counts) };
}
