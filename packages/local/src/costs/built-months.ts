import { PART_ROWS, MAX_POINTS_PER_STEP } from "@building-vitals/core/months/month-build";
import { type OperationCounts, countsOf } from "./counts.ts";
import { atInterval, DAYS_PER_MONTH, type Deployment, moreParts, samplesADay, historyDays } from "./deployment.ts";
import type { Measured, MonthJobName, MonthQueryName } from "./measured.ts";
import { countsFor } from "./terms.ts";

/** Days that no built month has yet, on average: half of the month that runs, and a week until the last one is settled. */
const UNBUILT_DAYS = DAYS_PER_MONTH / 2 + 8;

/** A day file's footer of more points than these takes a second request. */
const FOOTER_POINTS = 1_500;

/** Days of history that are in built months. */
export function builtDays(deployment: Deployment): number {
  return Math.max(0, historyDays(deployment) - UNBUILT_DAYS);
}

/** The job that builds a month of such a site. */
export function monthJob({ monthFiles }: Deployment): MonthJobName {
  return monthFiles ? "builtMonth" : "packedMonth";
}

/** One build of one site's month. The months that were measured had one part, and one step that packs. */
export function monthJobCounts(deployment: Deployment, measured: Measured): OperationCounts {
  const { points, monthFiles } = deployment;
  const name = monthJob(deployment);
  const counts = countsFor(atInterval(measured.months.jobs[name], deployment), points, DAYS_PER_MONTH);
  const packSteps = Math.ceil(points / MAX_POINTS_PER_STEP);
  const workflowSteps = counts.workflowSteps + packSteps - 1;
  if (!monthFiles) return { ...counts, workflowSteps };
  const rows = samplesADay(deployment) * DAYS_PER_MONTH;
  const parts = Math.ceil(rows / PART_ROWS);
  const furtherParts = parts - 1;
  const bytes = rows * measured.bytes.r2MonthPerSample;
  return {
    ...counts,
    workflowSteps: workflowSteps + furtherParts,
    // a part and its places; each in pieces where it is large, and so the whole
    r2ClassA: counts.r2ClassA + 2 * furtherParts + parts * moreParts(bytes / parts) + moreParts(bytes),
    r2ClassB: counts.r2ClassB + partReads(points, parts) + packSteps * parts - 1,
  };
}

/** Reads that the parts of a month add to those that go by its samples. */
function partReads(points: number, parts: number): number {
  const furtherParts = parts - 1;
  // a part reads the footers of all days, and each day's last range is short; planning and putting it all in place read the footers too
  const ofDays = 2 * furtherParts + (points > FOOTER_POINTS ? parts + 2 : 0);
  // its own footer twice, and its last range twice
  return DAYS_PER_MONTH * ofDays + 4 * furtherParts;
}

/** A query of some days that are in built months: of each month that the days touch, all is read. */
export function monthQueryCounts(
  name: MonthQueryName,
  deployment: Deployment,
  measured: Measured,
  { points, days }: { readonly points: number; readonly days: number },
): OperationCounts {
  const { fixed, perPoint, perDay, perPointDay } = atInterval(measured.months.queries[name], deployment);
  const months = 1 + days / DAYS_PER_MONTH;
  return countsOf((countName) => {
    const month = points * perPoint[countName] + DAYS_PER_MONTH * (perDay[countName] + points * perPointDay[countName]);
    return fixed[countName] + months * month;
  });
}
