import { NOTHING, type OperationCounts, plus, times } from "./counts.ts";
import { builtDays, DAYS_PER_MONTH, type Deployment, fileBytes, historyDays, samplesPerDay } from "./deployment.ts";
import { JOB_NAMES, type JobName, type Measured, type QueryName } from "./measured.ts";
import { jobCounts, queryCounts } from "./one-run.ts";
import type { Usage } from "./prices.ts";

const HOURS_PER_MONTH = 24 * DAYS_PER_MONTH;
/** Times that a healthy day is settled again with the default SETTLE_DAYS (1,3,7): its first run finds nothing new, and skips one. */
const SETTLED_AGAIN = 1;
/** The default of HOT_DAYS: days whose row groups D1 keeps. */
const HOT_DAYS = 20;
/** A kept row group of 25 KB ends in the middle of a page of 4 KB. */
const KEPT_BYTES_PER_BYTE = 1.1;
/** Two keys that stay for 30 days, with their names and metadata; a generous estimate. */
const KV_BYTES_PER_SYNC = 1_000;

/** A kind of query, and its share of all. `null` points: all of the site. */
interface QueryShare {
  readonly name: QueryName;
  readonly share: number;
  readonly points: number | null;
  readonly days: number;
}

/** Charts of raw samples of a month. */
export const COLD_RAW: QueryShare = { name: "coldRaw", share: 0.05, points: 10, days: 30 };

/**
 * Most queries are charts of an open dashboard, which reloads each minute. No query counts as answered by ETag or
 * cache.
 */
export const QUERY_MIX: readonly QueryShare[] = [
  { name: "hotRaw", share: 0.5, points: 10, days: 1 },
  COLD_RAW,
  { name: "daily", share: 0.1, points: 10, days: 365 },
  { name: "latest", share: 0.2, points: null, days: 0 },
  { name: "pointSearch", share: 0.1, points: null, days: 0 },
  { name: "coverage", share: 0.025, points: null, days: 30 },
  { name: "quality", share: 0.025, points: null, days: 7 },
];

/** Runs a month of a site. */
function runsPerMonth(name: JobName, { syncMinutes, monthFiles }: Deployment): number {
  switch (name) {
    case "sync":
      return (HOURS_PER_MONTH * 60) / syncMinutes;
    case "supervise":
      return (HOURS_PER_MONTH * 60) / 5;
    case "hour":
      return HOURS_PER_MONTH;
    case "lastSeen":
    case "dayEnd":
    case "dailyCron":
    case "settledDay":
      return DAYS_PER_MONTH;
    case "settledAgain":
      return DAYS_PER_MONTH * SETTLED_AGAIN;
    case "builtMonth":
      return monthFiles ? 1 : 0;
    case "packedMonth":
      return monthFiles ? 0 : 1;
    case "backfilledDay":
      return 0;
  }
}

/** A job or kind of query of the month, of all sites. */
export interface MonthPart {
  readonly name: JobName | QueryName;
  readonly runs: number;
  readonly counts: OperationCounts;
}

/** All jobs and queries of a month. */
export function monthParts(deployment: Deployment, measured: Measured): MonthPart[] {
  const part = (name: MonthPart["name"], runs: number, run: OperationCounts) => ({
    name,
    runs,
    counts: times(runs, run),
  });
  const jobs = JOB_NAMES.map((name) =>
    part(name, deployment.sites * runsPerMonth(name, deployment), jobCounts(name, deployment, measured)),
  );
  const queries = QUERY_MIX.map(({ name, share, points, days }) => {
    const read = name === "coldRaw" && deployment.monthFiles ? "monthRaw" : name;
    const asked = { points: points ?? deployment.points, days };
    return part(name, share * deployment.queries, queryCounts(read, deployment, measured, asked));
  });
  return [...jobs.filter(({ runs }) => runs > 0), ...queries];
}

/** Bytes of D1 of one site. */
export function d1Bytes(deployment: Deployment, measured: Measured): number {
  const { points, segmentDays } = deployment;
  const { d1PerSample, d1PerPointDay, d1PerPackedPointDay } = measured.bytes;
  const segments = samplesPerDay(deployment) * segmentDays * d1PerSample;
  const days = historyDays(deployment);
  const kept = Math.min(HOT_DAYS, days - segmentDays) * fileBytes(deployment, measured) * KEPT_BYTES_PER_BYTE;
  const packed = builtDays(deployment);
  return segments + kept + points * ((days - packed) * d1PerPointDay + packed * d1PerPackedPointDay);
}

/** Bytes of R2 of one site: its day files, and its month files. */
function r2Bytes(deployment: Deployment, measured: Measured): number {
  const days = (historyDays(deployment) - deployment.segmentDays) * fileBytes(deployment, measured);
  if (!deployment.monthFiles) return days;
  return days + builtDays(deployment) * samplesPerDay(deployment) * measured.bytes.r2MonthPerSample;
}

/** The billed use of a month. */
export function usageOf(deployment: Deployment, measured: Measured): Usage {
  const { sites } = deployment;
  return {
    ...plus(NOTHING, ...monthParts(deployment, measured).map(({ counts }) => counts)),
    d1Storage: sites * d1Bytes(deployment, measured),
    r2Storage: sites * r2Bytes(deployment, measured),
    kvStorage: sites * runsPerMonth("sync", deployment) * KV_BYTES_PER_SYNC,
    // a month without a backfill
    workflowStorage: 0,
  };
}
