import { POOR_SCORE } from "../quality/point-day-quality.ts";
import { type QualityReason, reasonsOf } from "../quality/reasons.ts";
import type { PointQuality } from "./read-quality.ts";

/** Summary of all points. */
export interface QualitySummary {
  /** mean of the points' scores; null: no point has one */
  readonly meanScore: number | null;
  readonly points: number;
  /** points with a score */
  readonly judged: number;
  /** points with a score under {@link POOR_SCORE} */
  readonly poor: number;
  /** number of poor points per reason; a point may have several reasons */
  readonly poorBy: Readonly<Record<QualityReason, number>>;
}

export function summarize(points: readonly PointQuality[]): QualitySummary {
  const poorBy = { silent: 0, missing: 0, out_of_range: 0, outliers: 0, spikes: 0, flat_line: 0, late: 0 };
  let judged = 0;
  let poor = 0;
  let sum = 0;
  for (const point of points) {
    if (point.score === null) continue;
    judged++;
    sum += point.score;
    if (point.score >= POOR_SCORE) continue;
    poor++;
    for (const reason of reasonsOf(point).keys()) poorBy[reason]++;
  }
  const meanScore = judged === 0 ? null : Math.floor((sum / judged) * 10_000 + 1e-6) / 10_000;
  return { meanScore, points: points.length, judged, poor, poorBy };
}

/** A point's position in the order of {@link compareRank}. */
export type Rank = Pick<PointQuality, "score" | "name">;

/** Ascending by score, then name; points without a score come last. */
export function compareRank(a: Rank, b: Rank): number {
  const [left, right] = [a.score ?? Number.POSITIVE_INFINITY, b.score ?? Number.POSITIVE_INFINITY];
  if (left !== right) return left < right ? -1 : 1;
  return a.name === b.name ? 0 : a.name < b.name ? -1 : 1;
}

/** A page of the points, worst first, and whether more follow. @param after the last point of the previous page */
export function worstFirst(
  points: readonly PointQuality[],
  limit: number,
  after: Rank | null,
): { readonly page: readonly PointQuality[]; readonly hasMore: boolean } {
  const rest = after === null ? points : points.filter((point) => compareRank(point, after) > 0);
  return { page: rest.toSorted(compareRank).slice(0, limit), hasMore: rest.length > limit };
}
