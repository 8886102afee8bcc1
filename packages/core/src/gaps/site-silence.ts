import type { TimeRange } from "../domain/time-range.ts";
import { intersectRanges, subtractRanges, unionRanges } from "./range-set.ts";

/** A point that was looked at. */
export interface PointSilences {
  readonly pointId: number;
  /** what of its time was looked at */
  readonly domain: TimeRange;
  /** ascending and disjoint, in `domain` */
  readonly silences: readonly TimeRange[];
  readonly toleranceMs: number;
  /** whether more is known beyond an end of `domain`, so that a silence there may go on */
  readonly isCut: { readonly start: boolean; readonly end: boolean };
  /** false: it had been silent before, by itself; it then says nothing of the site */
  readonly isAlive: boolean;
}

/** The site is silent where this many of its points are that were not silent before. */
const SITE_SHARE = 0.9;

/** Where the whole site is silent, and what of the points' own silences is left beside that. */
export interface SplitSilences {
  readonly site: readonly TimeRange[];
  readonly points: ReadonlyMap<number, OwnSilences>;
}

interface OwnSilences {
  readonly silences: readonly TimeRange[];
  /** what of the point's domain they tell of */
  readonly told: TimeRange;
}

/**
 * Makes one silence of the site of those that nearly all points share. What a point has beside it is its own, unless it is
 * no longer than the point's tolerance: points are not read in the same moment.
 *
 * Points of long cadences say nothing of a short silence, so it is enough that at least half of the points could show it
 * and nearly all of these do.
 * @param looked where the site is judged: of what lies around it, points of long cadences alone tell
 * @param known silences of the site, which hold outside of `looked`
 */
export function splitSilences(
  points: readonly PointSilences[],
  looked: TimeRange,
  known: readonly TimeRange[],
): SplitSilences {
  const alive = points.filter(({ isAlive }) => isAlive);
  const levels = [...new Set(alive.map(({ toleranceMs }) => toleranceMs))].sort((a, b) => a - b);
  const shared = levels.map((level) => {
    const group = alive.filter(({ toleranceMs }) => toleranceMs <= level);
    return group.length * 2 >= alive.length ? sharedSilences(group) : [];
  });
  const site = intersectRanges(unionRanges(...shared), [looked]);
  const elsewhere = unionRanges(site, subtractRanges(unionRanges(known), [looked]));
  const own = points.map((point): [number, OwnSilences] => {
    const { pointId, domain, silences, toleranceMs, isCut } = point;
    const whole = new Set(silences.map(({ start, end }) => `${start} ${end}`));
    let told = domain;
    const kept = subtractRanges(silences, elsewhere).filter(({ start, end }) => {
      if (end - start > toleranceMs || whole.has(`${start} ${end}`)) return true;
      // Nobody can tell how long it is.
      if (isCut.end && end === domain.end) told = { start: told.start, end: start };
      if (isCut.start && start === domain.start) told = { start: end, end: told.end };
      return false;
    });
    return [pointId, { silences: kept, told }];
  });
  return { site, points: new Map(own) };
}

/** Where {@link SITE_SHARE} of the points are silent, of those of which the time was looked at. */
function sharedSilences(points: readonly PointSilences[]): TimeRange[] {
  const edges: { readonly time: number; readonly present: number; readonly silent: number }[] = [];
  for (const { domain, silences } of points) {
    edges.push({ time: domain.start, present: 1, silent: 0 }, { time: domain.end, present: -1, silent: 0 });
    for (const { start, end } of silences) {
      edges.push({ time: start, present: 0, silent: 1 }, { time: end, present: 0, silent: -1 });
    }
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
  return shared;
}
