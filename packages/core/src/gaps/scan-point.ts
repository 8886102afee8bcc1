import { HOUR_MS, hourOf } from "../domain/hour.ts";
import { hoursOf, type TimeRange } from "../domain/time-range.ts";
import type { Gap } from "./gap.ts";
import type { JudgedPoint } from "./judged-points.ts";
import { intersectRanges } from "./range-set.ts";
import { findSilences, type KnownHour } from "../domain/silence.ts";
import { hoursToRead } from "./silence.ts";

/** Range of a site's scan, and how its hours are known. */
export interface ScanScope {
  /** the changed part */
  readonly part: TimeRange;
  /** the known, unbroken range around it */
  readonly domain: TimeRange;
  /** how far beyond `part` silences of the site can change, milliseconds: {@link reachOf} */
  readonly siteReachMs: number;
  /** start of the first hour of the points' counts, epoch ms */
  readonly countsFrom: number;
  /** hours without usable counts: their samples are read */
  readonly rawHours: ReadonlySet<number>;
  /** gaps of the whole site that the scan may change */
  readonly siteGaps: readonly Gap[];
}

/** Ranges and hours to read of one point. */
export interface PointPlan {
  readonly point: JudgedPoint;
  /** the range in which the scan may change gaps */
  readonly reportedRange: TimeRange;
  /** `reportedRange` and its surroundings, which decide whether the point is silent at its bounds */
  readonly scannedRange: TimeRange;
  /** starts of hours, ascending */
  readonly toRead: readonly number[];
}

/**
 * How far a sample can influence gap detection: the tolerance, rounded up to whole hours, in ms.
 * At most 12 h, so that twice the reach fits into the neighbouring day.
 */
export function reachOf(toleranceMs: number): number {
  return Math.ceil(toleranceMs / HOUR_MS) * HOUR_MS;
}

export function widened({ start, end }: TimeRange, ms: number): TimeRange {
  return { start: start - ms, end: end + ms };
}

/**
 * Plans the scan of a point. The reported gaps do not depend on which days are scanned, or in which order.
 * @param gaps of the point that the scan may change
 * @returns null: the point has no samples before the end of the range
 */
export function planPoint(scope: ScanScope, point: JudgedPoint, gaps: readonly Gap[]): PointPlan | null {
  const { part, domain, siteReachMs, countsFrom, rawHours, siteGaps } = scope;
  const reach = reachOf(point.toleranceMs);
  const from = { start: Math.max(domain.start, point.firstSeen), end: domain.end };
  const [reportedRange] = intersectRanges([widened(part, Math.max(reach, siteReachMs))], [from]);
  if (reportedRange === undefined) return null;
  const scannedRange = intersectRanges([widened(reportedRange, reach)], [from])[0] ?? reportedRange;
  const hours = hoursOf(scannedRange);
  const counts = hours.map((hour) => (rawHours.has(hour) ? null : countOf(point, hour, countsFrom)));
  const toRead = new Set(hoursToRead(counts, point.cadenceMs).map((i) => hours[i]!));
  // Exact times are needed at the bounds of known gaps, to count the samples inside them.
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

/** Result of a point's scan. */
export interface ScannedPoint extends PointPlan {
  /** times are kept only for hours in which a known gap begins or ends */
  readonly hours: readonly KnownHour[];
  /** within `scannedRange` */
  readonly silences: readonly TimeRange[];
}

/** @param times of the hours to read; hours without samples are absent */
export function scanPoint(
  plan: PointPlan,
  scope: ScanScope,
  times: ReadonlyMap<number, Float64Array>,
  gaps: readonly Gap[],
): ScannedPoint {
  const { point, scannedRange, toRead } = plan;
  const read = new Set(toRead);
  const hours: KnownHour[] = [];
  for (const hour of hoursOf(scannedRange)) {
    const hourTimes = times.get(hour);
    if (hourTimes !== undefined) hours.push({ hour, n: hourTimes.length, times: hourTimes });
    else if (!read.has(hour)) {
      const n = countOf(point, hour, scope.countsFrom);
      if (n > 0) hours.push({ hour, n, times: null });
    }
  }
  const bounds = new Set([...gaps, ...scope.siteGaps].flatMap(({ start, end }) => [hourOf(start), hourOf(end)]));
  return {
    ...plan,
    silences: findSilences(hours, scannedRange, point.toleranceMs),
    hours: hours.map((known) => (bounds.has(known.hour) ? known : { ...known, times: null })),
  };
}
