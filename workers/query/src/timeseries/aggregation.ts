import { type Aggregation, aggsOf, HELD, isMeaningful, REACHING } from "@building-vitals/core/analysis/agg";
import { quantityOf } from "@building-vitals/core/domain/quantity";
import type { StoredPoint } from "@building-vitals/core/catalog/point-list";
import { HOUR_MS } from "@building-vitals/core/domain/hour";
import { BUCKET_MS } from "@building-vitals/core/domain/interval";
import { Problem } from "@building-vitals/core/domain/problem";
import type { TimeRange } from "@building-vitals/core/domain/time-range";
import { type JudgeablePoint, judgeablePoint } from "@building-vitals/core/query/judge-point";
import { LONGEST_REACH_MS } from "@building-vitals/core/query/plan";
import type { TimeseriesRequest } from "./request.ts";

type Asked = Pick<TimeseriesRequest, "agg" | "edges" | "on" | "peak_window">;

/**
 * Points with their aggregation.
 * @throws {Problem} `agg_not_for_quantity`, naming the first point without a meaning of the aggregate
 */
export function aggregatedPoints(points: readonly StoredPoint[], asked: Asked): JudgeablePoint[] {
  const { agg, edges, on = null, peak_window } = asked;
  if (agg === undefined) return points.map(judgeablePoint);
  return points.map((point) => {
    const { quantity, reason } = quantityOf(point);
    const aggs = aggsOf(agg, quantity);
    const refused = aggs.find((one) => !isMeaningful(one, quantity));
    if (refused !== undefined) {
      const detail = `agg=${refused} means nothing for the quantity ${quantity}. ${point.name} has it by: ${reason}.`;
      throw new Problem("agg_not_for_quantity", detail, "agg");
    }
    return {
      ...judgeablePoint(point),
      aggregation: { aggs, quantity, edges, on, peakWindowMs: BUCKET_MS[peak_window] },
    };
  });
}

/**
 * Whether a point needs the last sample before the range, however long ago it is: for values that hold, and for readings
 * without a cadence.
 */
export function needsBefore(points: readonly JudgeablePoint[]): boolean {
  const needs = (aggregation: Aggregation, cadenceMs: number | null) =>
    aggregation.aggs.some((agg) => HELD.has(agg) || (cadenceMs === null && REACHING.has(agg)));
  return points.some(({ aggregation, cadenceMs }) => aggregation !== undefined && needs(aggregation, cadenceMs));
}

/** The range whose stored state an answer depends on: with the readings around it that its edges need. */
export function stateRange({ start, end }: TimeRange, { agg = [] }: Asked): TimeRange {
  const isReaching = agg.some((one) => one === "auto" || REACHING.has(one));
  return isReaching
    ? { start: start - LONGEST_REACH_MS - HOUR_MS, end: end + LONGEST_REACH_MS + HOUR_MS }
    : { start, end };
}
