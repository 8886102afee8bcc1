import { aggsOf, isMeaningful, REACHING } from "@building-vitals/core/analysis/agg";
import { quantityOf } from "@building-vitals/core/domain/quantity";
import type { StoredPoint } from "@building-vitals/core/catalog/point-list";
import { DAY_MS } from "@building-vitals/core/domain/day";
import { HOUR_MS } from "@building-vitals/core/domain/hour";
import { BUCKET_MS } from "@building-vitals/core/domain/interval";
import { Problem } from "@building-vitals/core/domain/problem";
import type { TimeRange } from "@building-vitals/core/domain/time-range";
import { type JudgeablePoint, judgeablePoint } from "@building-vitals/core/query/judge-point";
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
      const detail = `agg=${refused} means nothing for a ${quantity}: ${point.name} is one by its ${reason}.`;
      throw new Problem("agg_not_for_quantity", detail, "agg");
    }
    return {
      ...judgeablePoint(point),
      aggregation: { aggs, quantity, edges, on, peakWindowMs: BUCKET_MS[peak_window] },
    };
  });
}

/** Whether values that hold were asked for: their points need the last sample before the range. */
export function isHeld({ agg = [] }: Asked): boolean {
  return agg.some((one) => one === "auto" || one === "twa" || one === "integral" || one === "duration_on");
}

/** The range whose stored state an answer depends on: with the readings around it that its edges need. */
export function stateRange({ start, end }: TimeRange, { agg = [] }: Asked): TimeRange {
  const isReaching = agg.some((one) => one === "auto" || REACHING.has(one));
  return isReaching ? { start: start - DAY_MS - HOUR_MS, end: end + 2 * HOUR_MS } : { start, end };
}
