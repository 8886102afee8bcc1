import { PART_ROWS, MAX_POINTS_PER_STEP } from "@building-vitals/core/months/month-build";
import { BLOCK_POINTS } from "@building-vitals/core/domain/block";
import { PART_BYTES } from "@building-vitals/core/r2/multipart-sink";
import { DAY_LIMITS } from "@building-vitals/core/r2/period";
import { NOTHING, type OperationCounts, plus, times } from "./counts.ts";
import { DAYS_PER_MONTH, type Deployment, fileBytes, historyDays, samplesPerDay } from "./deployment.ts";
import type { JobName, Measured, QueryName } from "./measured.ts";
import { countsFor, scalePerPoint } from "./terms.ts";

// What was measured: a sample a minute, syncs of five minutes.
const MEASURED_INTERVAL = 60;
const MEASURED_SYNC = 300;
/** Segments of a block in the measured settled day: it came in windows of an hour. */
const MEASURED_SEGMENTS_PER_DAY = 24;
/** The setting LOOKBACK_MINUTES in seconds: a sync requests this much again. */
const LOOKBACK = 600;
/** A day file's footer of more points takes a second request. */
const FOOTER_POINTS = 1_500;

/** Extra class A operations of a file: one that does not fit one put is begun, uploaded in parts and completed. */
export function moreParts(bytes: number): number {
  return bytes > PART_BYTES ? Math.ceil(bytes / PART_BYTES) + 1 : 0;
}

/**
 * The cadence's influence on what a point adds to a run. CPU goes by samples, rows by blocks and hours. A sync reads
 * the segments of its hours: fewer where there are fewer syncs, or fewer that bring samples.
 */
function factorsOf(name: JobName | QueryName, { interval, syncMinutes }: Deployment): Partial<OperationCounts> {
  const cpuMs = MEASURED_INTERVAL / interval;
  if (name !== "sync") return { cpuMs };
  const seconds = syncMinutes * 60;
  return {
    cpuMs: cpuMs * ((seconds + LOOKBACK) / (MEASURED_SYNC + LOOKBACK)),
    rowsRead: (MEASURED_SYNC / seconds) * Math.min(1, (seconds + LOOKBACK) / interval),
  };
}

/** One run of a job of one site. */
export function jobCounts(name: JobName, deployment: Deployment, measured: Measured): OperationCounts {
  const terms = scalePerPoint(measured.jobs[name], factorsOf(name, deployment));
  // only the terms of months depend on days
  return plus(countsFor(terms, deployment.points, DAYS_PER_MONTH), {
    ...NOTHING,
    ...unmeasured(name, deployment, measured),
  });
}

/** What a job takes at this size beyond a line through the measured sizes. */
function unmeasured(name: JobName, deployment: Deployment, measured: Measured): Partial<OperationCounts> {
  const { points, syncMinutes } = deployment;
  switch (name) {
    case "supervise":
      // every day of the site decides which month is due: built, and settled
      return { rowsRead: 2 * historyDays(deployment) };
    case "settledDay": {
      const segments = (points / BLOCK_POINTS) * ((24 * 60) / syncMinutes - MEASURED_SEGMENTS_PER_DAY);
      // the day's segments are deleted, and the kept row groups of a day that is no longer hot
      const rowsWritten = segments + Math.ceil(points / DAY_LIMITS.points);
      return { rowsWritten, r2ClassA: moreParts(fileBytes(deployment, measured)) };
    }
    case "backfilledDay":
      return { r2ClassA: moreParts(fileBytes(deployment, measured)) };
    case "builtMonth":
      return furtherParts(deployment, measured);
    case "packedMonth":
      return { workflowSteps: packSteps(points) - 1 };
    case "sync":
    case "lastSeen":
    case "hour":
    case "dayEnd":
    case "dailyCron":
    case "settledAgain":
      return {};
  }
}

function packSteps(points: number): number {
  return Math.ceil(points / MAX_POINTS_PER_STEP);
}

/** What the parts of a month add to those that go by its samples: the measured months had one part and one packing step. */
function furtherParts(deployment: Deployment, measured: Measured): Partial<OperationCounts> {
  const { points } = deployment;
  const rows = samplesPerDay(deployment) * DAYS_PER_MONTH;
  const bytes = rows * measured.bytes.r2MonthPerSample;
  const parts = Math.ceil(rows / PART_ROWS);
  const further = parts - 1;
  // a part reads the footers of all days, and each day's last range is short; planning and publishing read the footers too
  const readsPerDay = 2 * further + (points > FOOTER_POINTS ? parts + 2 : 0);
  return {
    workflowSteps: packSteps(points) - 1 + further,
    // a part and its locators; large parts and the whole are uploaded in pieces
    r2ClassA: 2 * further + parts * moreParts(bytes / parts) + moreParts(bytes),
    // a part's own footer twice, and its last range twice; each packing step reads every part's locators
    r2ClassB: DAYS_PER_MONTH * readsPerDay + 4 * further + packSteps(points) * parts - 1,
  };
}

/** One query of some points and days. */
export function queryCounts(
  name: QueryName,
  deployment: Deployment,
  measured: Measured,
  { points, days }: { readonly points: number; readonly days: number },
): OperationCounts {
  const terms = scalePerPoint(measured.queries[name], factorsOf(name, deployment));
  if (name !== "monthRaw" && name !== "daily") return countsFor(terms, points, days);
  // reads the whole of each month that the days touch
  const months = 1 + days / DAYS_PER_MONTH;
  return plus(times(months, countsFor(terms, points, DAYS_PER_MONTH)), times(1 - months, terms.fixed));
}
