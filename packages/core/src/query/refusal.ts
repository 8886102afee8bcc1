import { DAY_MS } from "../domain/day.ts";
import { BUCKET_MS, INTERVALS, type Interval } from "../domain/interval.ts";
import { Problem } from "../domain/problem.ts";
import type { TimeRange } from "../domain/time-range.ts";
import {
  MAX_COLD,
  MAX_HOUR_ROWS,
  MAX_POINT_DAYS,
  MAX_POINT_SAMPLES,
  MAX_ROLLUPS,
  MAX_SPAN_DAYS,
  MAX_VALUES,
} from "../read/limits.ts";
import { coldFits, firstDays, type Needs } from "../read/needs.ts";
import type { PlanInput, PlannedPoint } from "./plan-input.ts";

/** Assumed cadence of a point with an unknown one, in milliseconds. */
const USUAL_CADENCE_MS = 60_000;

type AnyNeeds = Needs<PlannedPoint>;

/** Returns the needed reads for a range at an interval. */
export type NeedsAt = (interval: Interval, range: TimeRange) => AnyNeeds;

/** The approximate number of values in a point's series. */
export function seriesValues(range: TimeRange, interval: Interval, cadenceMs: number | null): number {
  const cadence = cadenceMs ?? USUAL_CADENCE_MS;
  const step = interval === "raw" ? cadence : Math.max(BUCKET_MS[interval], cadence);
  return (range.end - range.start) / step;
}

/** Columns beside the aggregates: count, low, high, at, coverage, flags. */
const MOST_ABOUT_BUCKETS = 6;

/** Upper bound of a point's values in an answer. With an aggregation, every bucket is listed, and has further columns. */
function answerValues(range: TimeRange, interval: Interval, { cadenceMs, aggregation }: PlannedPoint): number {
  if (aggregation === undefined) return seriesValues(range, interval, cadenceMs);
  return seriesValues(range, interval, 0) * (aggregation.aggs.length + MOST_ABOUT_BUCKETS);
}

/**
 * How many points, in any selection, can be requested at this interval; 0: none over this range. Checks the common cost
 * of all points, and for fewer points the highest cost of such a selection.
 */
export function mostPoints({ points, range }: PlanInput, needs: AnyNeeds, interval: Interval): number {
  if (range.end - range.start > MAX_SPAN_DAYS[interval] * DAY_MS) return 0;
  if (needs.byPoint.some(({ samples }) => samples > MAX_POINT_SAMPLES)) return 0;
  const values = points.map((point) => answerValues(range, interval, point));
  const most = Math.min(
    points.length,
    largestThatFit(
      needs.byPoint.map((work) => work.hourRows),
      MAX_HOUR_ROWS,
    ),
    Math.floor(MAX_POINT_DAYS / needs.fileDays),
    Math.floor(MAX_ROLLUPS / needs.rollupDays),
    largestThatFit(values, MAX_VALUES),
  );
  if (most === points.length && coldFits(needs.work)) return most;
  return Math.min(
    most,
    largestThatFit(
      needs.byPoint.map((work) => work.requests),
      MAX_COLD.requests,
    ),
    largestThatFit(
      needs.byPoint.map((work) => work.bytes),
      MAX_COLD.bytes,
    ),
    largestThatFit(
      needs.byPoint.map((work) => work.rows),
      MAX_COLD.rows,
    ),
  );
}

/** How many costs fit a limit, largest first, so that any selection of that size fits. */
function largestThatFit(costs: readonly number[], limit: number): number {
  let sum = 0;
  const over = costs.toSorted((a, b) => b - a).findIndex((cost) => (sum += cost) > limit);
  return over === -1 ? costs.length : over;
}

export function refusal(input: PlanInput, needsAt: NeedsAt, interval: Interval): Problem {
  const { points, range } = input;
  const needs = needsAt(interval, range);
  const instead = `ask for ${suggestion(input, needsAt, interval)}`;
  const days = (range.end - range.start) / DAY_MS;
  const maxDays = MAX_SPAN_DAYS[interval];
  if (days > maxDays) {
    const detail = `${input.bounds ? "bounds take" : `interval=${interval} takes`} at most ${maxDays} days, not ${Math.ceil(days)}: ${instead}.`;
    return new Problem("span_too_long", detail, "end_time");
  }
  const rows = needs.byPoint.reduce((sum, { hourRows }) => sum + hourRows, 0);
  if (rows > MAX_HOUR_ROWS) {
    const detail = `The range needs ${rows} stored rows; at most ${MAX_HOUR_ROWS} are allowed: ${instead}.`;
    return new Problem("too_much_data", detail, "point_names");
  }
  const values = points.reduce((sum, point) => sum + answerValues(range, interval, point), 0);
  if (values > MAX_VALUES) {
    const detail = `The answer would have about ${Math.ceil(values)} values; at most ${MAX_VALUES} are allowed: ${instead}.`;
    return new Problem("too_much_data", detail, "interval");
  }
  const rollups = points.length * needs.rollupDays;
  if (rollups > MAX_ROLLUPS) {
    const detail = `The range has ${rollups} point-days; at most ${MAX_ROLLUPS} are allowed: ${instead}.`;
    return new Problem("too_much_data", detail, "point_names");
  }
  return new Problem("too_much_data", `${coldCost(needs, points.length)}: ${instead}.`, "end_time");
}

/** Which limit the day files of the range exceed. */
function coldCost({ work, fileDays }: AnyNeeds, points: number): string {
  const { requests, bytes, rows } = MAX_COLD;
  if (fileDays * points > MAX_POINT_DAYS) {
    return `The range has ${fileDays * points} point-days in the archive; at most ${MAX_POINT_DAYS} are allowed`;
  }
  if (work.requests > requests) {
    return `The range needs ${work.requests} reads of the archive; at most ${requests} are allowed`;
  }
  if (work.bytes > bytes) return `The range needs ${work.bytes} bytes of the archive; at most ${bytes} are allowed`;
  if (work.rows > rows) return `The range needs ${work.rows} rows of the archive; at most ${rows} are allowed`;
  return `A point has more than ${MAX_POINT_SAMPLES} samples in the archive`;
}

/** Suggests a coarser interval, fewer points, fewer days, or several of these. */
function suggestion(input: PlanInput, needsAt: NeedsAt, interval: Interval): string {
  const { points, range } = input;
  const most = (other: Interval) => mostPoints(input, needsAt(other, range), other);
  const coarser = INTERVALS.slice(INTERVALS.indexOf(interval) + 1);
  const forAll = coarser.find((other) => most(other) === points.length);
  const shorter = coldFits(needsAt(interval, range).work) ? 0 : longestDays(input, needsAt, interval, points.length);
  const ways = [
    ...(forAll === undefined ? [] : [`interval=${forAll}`]),
    ...(most(interval) === 0 ? [] : [`at most ${most(interval)} points`]),
    ...(shorter === 0 ? [] : [`at most ${shorter} days`]),
  ];
  if (ways.length > 0) return ways.join(", or for ");
  const forSome = coarser.find((other) => most(other) > 0);
  if (forSome !== undefined) return `interval=${forSome} and at most ${most(forSome)} points`;
  const days = longestDays(input, needsAt, "1day", 1);
  const left = pointsOver(input, needsAt, days, "1day");
  const fewer = left < points.length ? ` and at most ${left} points` : "";
  return `interval=1day, at most ${days} days${fewer}`;
}

/** The most whole days from the range's start over which any selection of `points` points can be requested; 0: none. */
function longestDays(input: PlanInput, needsAt: NeedsAt, interval: Interval, points: number): number {
  let low = 0;
  let high = MAX_SPAN_DAYS[interval];
  while (low < high) {
    const days = Math.ceil((low + high) / 2);
    if (pointsOver(input, needsAt, days, interval) >= points) low = days;
    else high = days - 1;
  }
  return low;
}

/** How many points can be requested over the first days of the range. */
function pointsOver(input: PlanInput, needsAt: NeedsAt, days: number, interval: Interval): number {
  const range = firstDays(input.range, days);
  return mostPoints({ ...input, range }, needsAt(interval, range), interval);
}
