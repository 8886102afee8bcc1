import { monthJobCounts } from "./built-months.ts";
import { plus, times } from "./counts.ts";
import { type Deployment, samplesADay } from "./deployment.ts";
import type { Measured } from "./measured.ts";
import { jobCounts } from "./month.ts";
import { PRICES } from "./prices.ts";

const DAYS_PER_YEAR = 365;
const MONTHS_PER_YEAR = 12;
/** PAGE_SIZE and REQUESTS_PER_MINUTE as they are preset. */
const PAGE_ROWS = 100_000;
const REQUESTS_PER_MINUTE = 50;

/** What it takes to backfill a year of one site, once, and to build its months. */
export interface YearOfBackfill {
  readonly apiCalls: number;
  /** at the pace that is preset; an API that answers more slowly than that takes longer */
  readonly hours: number;
  readonly rowsWritten: number;
  readonly r2ClassA: number;
  readonly r2ClassB: number;
  readonly kvWrites: number;
  readonly workflowInstances: number;
  readonly workflowSteps: number;
  readonly cpuMs: number;
  /** USD, as if nothing was included any more */
  readonly cost: number;
}

export function yearOfBackfill(deployment: Deployment, measured: Measured): YearOfBackfill {
  const year = plus(
    times(DAYS_PER_YEAR, jobCounts("backfilledDay", deployment, measured)),
    times(MONTHS_PER_YEAR, monthJobCounts(deployment, measured)),
  );
  // an hour of the site is a window of its own
  const apiCalls = DAYS_PER_YEAR * 24 * Math.ceil(samplesADay(deployment) / 24 / PAGE_ROWS);
  const { rowsWritten, rowsRead, r2ClassA, r2ClassB, kvWrites, workflowInstances, workflowSteps, cpuMs } = year;
  const { requests } = year;
  const used = { rowsWritten, rowsRead, r2ClassA, r2ClassB, kvWrites, cpuMs, requests };
  const cost =
    (used.rowsWritten * PRICES.rowsWritten.price +
      used.rowsRead * PRICES.rowsRead.price +
      used.r2ClassA * PRICES.r2ClassA.price +
      used.r2ClassB * PRICES.r2ClassB.price +
      used.kvWrites * PRICES.kvWrites.price +
      used.cpuMs * PRICES.cpuMs.price +
      used.requests * PRICES.requests.price) /
    1e6;
  const hours = apiCalls / REQUESTS_PER_MINUTE / 60;
  return { apiCalls, hours, rowsWritten, r2ClassA, r2ClassB, kvWrites, workflowInstances, workflowSteps, cpuMs, cost };
}
