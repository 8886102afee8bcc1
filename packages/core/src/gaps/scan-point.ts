import { HOUR_MS, hourOf } from "../domain/hour.ts";
import { hoursOf, type TimeRange } from "../domain/time-range.ts";
import type { Gap } from "./gap.ts";
import type { JudgedPoint } from "./judged-points.ts";
import { intersectRanges } from "./range-set.ts";
import { findSilences, type KnownHour } from "../domain/silence.ts";
import { hoursToRead } from "./silence.ts";

/** What is looked at of a site, and what is known of its hours. */
export interface ScanScope {
  /** what changed */
  readonly part: TimeRange;
  /** what is known around it, without a hole */
  readonly domain: TimeRange;
  /** how far beyond what changed the site's silences may be others than before, milliseconds: {@link reachOf} */
  readonly siteReachMs: number;
  /** start of the first hour of the points' counts, epoch ms */
  readonly countsFrom: number;
  /** hours of which the counts say nothing, so that they are read */
  readonly rawHours: ReadonlySet<number>;
  /** gaps of the whole site that may have changed */
  readonly siteGaps: readonly Gap[];
}

/** What is to be read of a point, and judged. */
export interface PointPlan {
  readonly point: JudgedPoint;
  /** what the look tells of */
  readonly reportedRange: TimeRange;
  /** that, and as much around it as it takes to know of each moment in it, whether the point is silent */
  readonly scannedRange: TimeRange;
  /** starts of hours, ascending */
  readonly toRead: readonly number[];
}

/**
 * As much as a silence lasts that is none, in whole hours, milliseconds: a sample changes nothing farther away. Twice the
 * longest is a day, which is what is known around a day.
 */
export function reachOf(toleranceMs: number): number {
  return Math.ceil(toleranceMs / HOUR_MS) * HOUR_MS;
}

export function widened({ start, end }: TimeRange, ms: number): TimeRange {
  return { start: start - ms, end: end + ms };
}

/**
 * What is to be looked at of a point, so that whichever days are looked at, and in whichever order, they tell the same of
 * each moment. null: it has no samples before the end of it.
 * @param gaps the point's own, that may have changed
 */
export function planPoint(look: ScanScope, point: JudgedPoint, gaps: readonly Gap[]): PointPlan | null {
  const { part, domain, siteReachMs, countsFrom, rawHours, siteGaps } = look;
  const reach = reachOf(point.toleranceMs);
  const from = { start: Math.max(domain.start, point.firstSeen), end: domain.end };
  const [reportedRange] = intersectRanges([widened(part, Math.max(reach, siteReachMs))], [from]);
  if (reportedRange === undefined) return null;
  const scannedRange = intersectRanges([widened(reportedRange, reach)], [from])[0] ?? reportedRange;
  const hours = hoursOf(scannedRange);
  const counts = hours.map((hour) => (rawHours.has(hour) ? null : countOf(point, hour, countsFrom)));
  const toRead = new Set(hoursToRead(counts, point.cadenceMs).map((i) => hours[i]!));
  // Of what is in a known gap, each sample is counted.
  for (const gap of [...gaps, ...siteGaps]) {
    for (const bound of [gap.start, gap.end]) {
      const hour = Number.isFinite(bound) ? hourOf(bound) : Number.NaN;
      if (bound > scannedRange.start && bound < scannedRange.end && countOf(point, hour, countsFrom) > 0)
        toRead.add(hour);
    }
  }
  return { point, reportedRange, scannedRange, toRead: [...toRead].sort((a, b) => a - b) };
}

function countOf(point: JudgedPoint, hour: number, countsFrom: number): number {
  return point.counts[(hour - countsFrom) / HOUR_MS] ?? 0;
}

/** What a look at a point came to. */
export interface ScannedPoint extends PointPlan {
  /** with the times of those hours only in which a known gap begins or ends */
  readonly hours: readonly KnownHour[];
  /** of what was looked at */
  readonly silences: readonly TimeRange[];
}

/** @param times of the hours that were to be read; those without a sample are absent */
export function judgePoint(
  plan: PointPlan,
  look: ScanScope,
  times: ReadonlyMap<number, Float64Array>,
  gaps: readonly Gap[],
): ScannedPoint {
  const { point, scannedRange, toRead } = plan;
  const read = new Set(toRead);
  const hours: KnownHour[] = [];
  for (const hour of hoursOf(scannedRange)) {
    const own = times.get(hour);
    if (own !== undefined) hours.push({ hour, n: own.length, times: own });
    else if (!read.has(hour)) {
      const n = countOf(point, hour, look.countsFrom);
      if (n > 0) hours.push({ hour, n, times: null });
    }
  }
  const bounds = new Set([...gaps, ...look.siteGaps].flatMap(({ start, end }) => [hourOf(start), hourOf(end)]));
  return {
    ...plan,
    silences: findSilences(hours, scannedRange, point.toleranceMs),
    hours: hours.map((known) => (bounds.has(known.hour) ? known : { ...known, times: null })),
  };
}
