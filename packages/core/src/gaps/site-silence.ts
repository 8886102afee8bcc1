import type { TimeRange } from "../domain/time-range.ts";
import { intersectRanges, subtractRanges, unionRanges } from "./range-set.ts";

/** Silences of one point. */
export interface PointSilences {
  readonly pointId: number;
  /** the part of its time that was scanned */
  readonly scannedRange: TimeRange;
  /** ascending and disjoint, in `scannedRange` */
  readonly silences: readonly TimeRange[];
  readonly toleranceMs: number;
  /**
   * ranges in which the point is no evidence about the site, because it was silent alone for too long; ascending and
   * disjoint
   */
  readonly dead: readonly TimeRange[];
}

/** The site is silent where at least this share of its points is silent. */
const SITE_SHARE = 0.9;

/** Silences of the whole site, and the remaining silences of each point. */
export interface SplitSilences {
  readonly site: readonly TimeRange[];
  readonly points: ReadonlyMap<number, readonly TimeRange[]>;
}

/**
 * The median tolerance. Points up to it decide about the site; points with long cadences cannot show a short silence.
 */
export function siteTolerance(points: readonly { readonly toleranceMs: number }[]): number {
  const sorted = points.map(({ toleranceMs }) => toleranceMs).sort((a, b) => a - b);
  return sorted[Math.ceil(sorted.length / 2) - 1] ?? 0;
}

/**
 * Joins silences that nearly all points share into silences of the site.
 * A point keeps the parts of its silences outside them that exceed its tolerance. Shorter parts are differences in read
 * time.
 * @param toleranceMs limit of the points that decide about the site: {@link siteTolerance}
 * @param reportedRange where the site is judged; around it, only points with long cadences were scanned
 * @param known silences of the site, which stay valid outside `reportedRange`
 */
export function splitSilences(
  points: readonly PointSilences[],
  toleranceMs: number,
  reportedRange: TimeRange,
  known: readonly TimeRange[],
): SplitSilences {
  const site = intersectRanges(sharedSilences(points.filter((point) => point.toleranceMs <= toleranceMs)), [
    reportedRange,
  ]);
  const ofSite = unionRanges(site, subtractRanges(unionRanges(known), [reportedRange]));
  const remaining = points.map((point): [number, TimeRange[]] => {
    const { pointId, silences, dead } = point;
    const whole = new Set(silences.map(({ start, end }) => `${start} ${end}`));
    const left = subtractRanges(silences, subtractRanges(ofSite, dead));
    const isGap = ({ start, end }: TimeRange) => end - start > point.toleranceMs || whole.has(`${start} ${end}`);
    return [pointId, left.filter(isGap)];
  });
  return { site, points: new Map(remaining) };
}

/** Ranges in which at least {@link SITE_SHARE} of the scanned, not dead points are silent. */
function sharedSilences(points: readonly PointSilences[]): TimeRange[] {
  const edges: { readonly time: number; readonly present: number; readonly silent: number }[] = [];
  const add = (ranges: readonly TimeRange[], present: number, silent: number) => {
    for (const { start, end } of ranges) {
      edges.push({ time: start, present, silent }, { time: end, present: -present, silent: -silent });
    }
  };
  for (const { scannedRange, silences, dead } of points) {
    add(subtractRanges([scannedRange], dead), 1, 0);
    add(subtractRanges(silences, dead), 0, 1);
  }
  edges.sort((a, b) => a.time - b.time);
  const shared: TimeRange[] = [];
  let [present, silent] = [0, 0];
  edges.forEach((edge, i) => {
    present += edge.present;
    silent += edge.silent;
    const end = edges[i + 1]?.time ?? edge.time;
    if (end > edge.time && silent > 0 && silent >= SITE_SHARE * present) shared.push({ start: edge.time, end });
  });
  return unionRanges(shared);
}
