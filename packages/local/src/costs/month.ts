import { DAY_LIMITS } from "@building-vitals/core/r2/period";
import { BLOCK_POINTS } from "@building-vitals/core/domain/block";
import { builtDays, monthJob, monthJobCounts, monthQueryCounts } from "./built-months.ts";
import { type OperationCounts, NOTHING, plus, times } from "./counts.ts";
import {
  atInterval,
  DAYS_PER_MONTH,
  type Deployment,
  fileBytes,
  moreParts,
  samplesADay,
  historyDays,
} from "./deployment.ts";
import { JOB_NAMES, type JobName, type Measured, type MonthJobName, QUERY_NAMES, type QueryName } from "./measured.ts";
import type { Usage } from "./prices.ts";
import { countsFor, type Terms } from "./terms.ts";

const HOURS_PER_MONTH = 24 * DAYS_PER_MONTH;
/** What was measured was: syncs of five minutes. */
const MEASURED_SYNC_MINUTES = 5;
/** Segments of a block in the day whose settling was measured: it came in windows of an hour. */
const MEASURED_SEGMENTS_PER_DAY = 24;
/** seconds that a sync asks for again, LOOKBACK_MINUTES */
const LOOKBACK = 600;
/** Times that a healthy day is asked for again with the preset SETTLE_DAYS (1,3,7): its first run finds nothing new, and skips one. */
const SETTLED_AGAIN = 1;
/** The setting HOT_DAYS as it is preset: days whose row groups D1 keeps. */
const HOT_DAYS = 20;
/** A row group ends in the middle of a page of 4 KB; it has 25 KB. */
const KEPT_BYTES_PER_BYTE = 1.1;
/** Two keys that stay for 30 days, with their names and metadata; generous. */
const KV_BYTES_PER_SYNC = 1_000;

/**
 * The share of each kind of query, by points and days; `null` points: all of the site. Most are charts of an open
 * dashboard, which reloads each minute. No query counts as answered by ETag or cache.
 */
export const QUERY_MIX: Readonly<Record<QueryName, { share: number; points: number | null; days: number }>> = {
  hotRaw: { share: 0.5, points: 10, days: 1 },
  latest: { share: 0.2, points: null, days: 0 },
  daily: { share: 0.1, points: 10, days: 365 },
  pointSearch: { share: 0.1, points: null, days: 0 },
  coldRaw: { share: 0.05, points: 10, days: 30 },
  coverage: { share: 0.025, points: null, days: 30 },
  quality: { share: 0.025, points: null, days: 7 },
};

/** A sync writes some rows of each block of points, however many samples it brings, and reads the segments of its hours. */
function syncCounts(sync: Terms, deployment: Deployment): OperationCounts {
  const { points, interval, syncMinutes } = deployment;
  const each = atInterval(sync, deployment).perPoint;
  const seconds = syncMinutes * 60;
  const perPoint = {
    ...each,
    rowsRead: each.rowsRead * (MEASURED_SYNC_MINUTES / syncMinutes) * Math.min(1, (seconds + LOOKBACK) / interval),
    cpuMs: each.cpuMs * ((seconds + LOOKBACK) / (MEASURED_SYNC_MINUTES * 60 + LOOKBACK)),
  };
  return countsFor({ ...sync, perPoint }, points, 0);
}

/** Segments of a site's day that are deleted once it is in its file, beyond those that were measured. */
function moreSwept({ points, syncMinutes }: Deployment): number {
  return (points / BLOCK_POINTS) * ((24 * 60) / syncMinutes - MEASURED_SEGMENTS_PER_DAY);
}

/** Row groups of a site's day that are deleted from D1 once the day is older than HOT_DAYS. */
function keptSwept({ points }: Deployment): number {
  return Math.ceil(points / DAY_LIMITS.points);
}

/** One run of a job of one site. */
export function jobCounts(name: JobName, deployment: Deployment, measured: Measured): OperationCounts {
  const terms = measured.jobs[name];
  if (name === "sync") return syncCounts(terms, deployment);
  const counts = countsFor(atInterval(terms, deployment), deployment.points, 0);
  // all days of the site decide which month is due; each was built and settled
  if (name === "supervise") counts.rowsRead += 2 * historyDays(deployment);
  if (name === "settledDay") counts.rowsWritten += moreSwept(deployment) + keptSwept(deployment);
  const isFileWritten = name === "settledDay" || name === "backfilledDay";
  if (!isFileWritten) return counts;
  return { ...counts, r2ClassA: counts.r2ClassA + moreParts(fileBytes(deployment, measured)) };
}

/** Runs a month of a site. */
function runsOf(name: JobName, { syncMinutes }: Deployment): number {
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
    case "afterSettling":
      return DAYS_PER_MONTH;
    case "settledAgain":
      return DAYS_PER_MONTH * SETTLED_AGAIN;
    case "backfilledDay":
      return 0;
  }
}

/** A part of the month, of all sites. */
export interface MonthPart {
  readonly name: JobName | MonthJobName | QueryName;
  readonly runs: number;
  readonly counts: OperationCounts;
}

/** One query. Aggregates of settled months are packed, whether the site keeps month files or not. */
function queryCounts(
  name: QueryName,
  deployment: Deployment,
  measured: Measured,
  asked: { readonly points: number; readonly days: number },
): OperationCounts {
  if (name === "daily" || (name === "coldRaw" && deployment.monthFiles))
    return monthQueryCounts(name, deployment, measured, asked);
  return countsFor(atInterval(measured.queries[name], deployment), asked.points, asked.days);
}

/** Everything that runs and is asked in a month. */
export function monthParts(deployment: Deployment, measured: Measured): MonthPart[] {
  const { points: sitePoints, queries, sites } = deployment;
  const parts: MonthPart[] = [];
  for (const name of JOB_NAMES) {
    const runs = sites * runsOf(name, deployment);
    if (runs > 0) parts.push({ name, runs, counts: times(runs, jobCounts(name, deployment, measured)) });
  }
  parts.push({ name: monthJob(deployment), runs: sites, counts: times(sites, monthJobCounts(deployment, measured)) });
  for (const name of QUERY_NAMES) {
    const { share, points, days } = QUERY_MIX[name];
    const runs = queries * share;
    const once = queryCounts(name, deployment, measured, { points: points ?? sitePoints, days });
    parts.push({ name, runs, counts: times(runs, once) });
  }
  return parts;
}

/** Bytes of D1 of one site. */
export function d1Bytes(deployment: Deployment, measured: Measured): number {
  const { points, daysYoung } = deployment;
  const { d1PerSample, d1PerPointDay, d1PerPackedPointDay } = measured.bytes;
  const young = samplesADay(deployment) * daysYoung * d1PerSample;
  const days = historyDays(deployment);
  const kept = Math.min(HOT_DAYS, days - daysYoung) * fileBytes(deployment, measured) * KEPT_BYTES_PER_BYTE;
  const packed = builtDays(deployment);
  return young + kept + points * ((days - packed) * d1PerPointDay + packed * d1PerPackedPointDay);
}

/** Bytes of R2 of one site: its day files, and beside them those of months. */
function r2Bytes(deployment: Deployment, measured: Measured): number {
  const days = (historyDays(deployment) - deployment.daysYoung) * fileBytes(deployment, measured);
  if (!deployment.monthFiles) return days;
  return days + builtDays(deployment) * samplesADay(deployment) * measured.bytes.r2MonthPerSample;
}

/** What a month is billed for. */
export function usageOf(deployment: Deployment, measured: Measured): Usage {
  const all = plus(NOTHING, ...monthParts(deployment, measured).map(({ counts }) => counts));
  const { sites } = deployment;
  return {
    rowsWritten: all.rowsWritten,
    rowsRead: all.rowsRead,
    d1Storage: sites * d1Bytes(deployment, measured),
    r2Storage: sites * r2Bytes(deployment, measured),
    r2ClassA: all.r2ClassA,
    r2ClassB: all.r2ClassB,
    requests: all.requests,
    cpuMs: all.cpuMs,
    logEvents: all.logEvents,
    kvReads: all.kvReads,
    kvWrites: all.kvWrites,
    kvStorage: sites * runsOf("sync", deployment) * KV_BYTES_PER_SYNC,
    // of a month without a backfill
    workflowStorage: 0,
  };
}
