import type { TimeRange } from "../domain/time-range.ts";
import { intersectRanges, subtractRanges, unionRanges } from "./range-set.ts";

/** A point that was looked at. */
export interface PointSilences {
  readonly pointId: number;
  /** what of its time was looked at */
  readonly scannedRange: TimeRange;
  /** ascending and disjoint, in `scannedRange` */
  readonly silences: readonly TimeRange[];
  readonly toleranceMs: number;
  /** when it has been silent by itself for so long that it says nothing of the site; ascending and disjoint */
  readonly dead: readonly TimeRange[];
}

/** The site is silent where this many of its points are. */
const SITE_SHARE = 0.9;

/** Where the whole site is silent, and what of the points' own silences is left beside that. */
export interface SplitSilences {
  readonly site: readonly TimeRange[];
  readonly points: ReadonlyMap<number, readonly TimeRange[]>;
}

/**
 * The tolerance up to which points say when the site is silent: at least half of them, for those of long cadences say nothing
 * of a short silence.
 */
export function siteTolerance(points: readonly { readonly toleranceMs: number }[]): number {
  const sorted = points.map(({ toleranceMs }) => toleranceMs).sort((a, b) => a - b);
  return sorted[Math.ceil(sorted.length / 2) - 1] ?? 0;
}

/**
 * Makes one silence of the site of those that nearly all points share. What a point has beside it is its own, unless it is
 * no longer than the point's tolerance: points are not read in the same moment.
 * @param toleranceMs of the points that are judged by: {@link siteTolerance}
 * @param reportedRange where the site is judged: what lies around it was looked at of points of long cadences alone
 * @param known silences of the site, which hold outside of `reportedRange`
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
  const own = points.map((point): [number, TimeRange[]] => {
    const { pointId, silences, dead } = point;
    const whole = new Set(silences.map(({ start, end }) => `${start} ${end}`));
    const left = subtractRanges(silences, subtractRanges(ofSite, dead));
    const isGap = ({ start, end }: TimeRange) => end - start > point.toleranceMs || whole.has(`${start} ${end}`);
    return [pointId, left.filter(isGap)];
  });
  return { site, points: new Map(own) };
}

/** Where {@link SITE_SHARE} of the points are silent, of those of which the time was looked at, and that are not dead. */
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
