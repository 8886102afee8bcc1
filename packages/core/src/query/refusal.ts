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

/** Assumed where a point's cadence is unknown, in milliseconds. */
const USUAL_CADENCE_MS = 60_000;

type AnyNeeds = Needs<PlannedPoint>;

/** What a part of the range takes at an interval. */
export type NeedsAt = (interval: Interval, range: TimeRange) => AnyNeeds;

/** About how many values a point's series has. */
export function seriesValues(range: TimeRange, interval: Interval, cadenceMs: number | null): number {
  const cadence = cadenceMs ?? USUAL_CADENCE_MS;
  const step = interval === "raw" ? cadence : Math.max(BUCKET_MS[interval], cadence);
  return (range.end - range.start) / step;
}

/**
 * How many of the points, whichever they are, can be asked for at this interval; 0: not one over this range. All of
 * them are judged by what they cost together; fewer by the most that so many may cost.
 */
export function mostPoints({ points, range }: PlanInput, needs: AnyNeeds, interval: Interval): number {
  if (range.end - range.start > MAX_SPAN_DAYS[interval] * DAY_MS) return 0;
  if (needs.byPoint.some(({ samples }) => samples > MAX_POINT_SAMPLES)) return 0;
  const values = points.map((point) => seriesValues(range, interval, point.cadenceMs));
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

/** How many of the costs fit a limit, the largest taken first, so that any others of that number fit too. */
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
    const detail = `interval=${interval} takes at most ${maxDays} days, not ${Math.ceil(days)}: ${instead}.`;
    return new Problem("span_too_long", detail, "end_time");
  }
  const rows = needs.byPoint.reduce((sum, { hourRows }) => sum + hourRows, 0);
  if (rows > MAX_HOUR_ROWS) {
    const detail = `The range needs ${rows} stored rows, ${MAX_HOUR_ROWS} at most: ${instead}.`;
    return new Problem("too_much_data", detail, "point_names");
  }
  const values = points.reduce((sum, point) => sum + seriesValues(range, interval, point.cadenceMs), 0);
  if (values > MAX_VALUES) {
    const detail = `About ${Math.ceil(values)} values are more than ${MAX_VALUES}: ${instead}.`;
    return new Problem("too_much_data", detail, "interval");
  }
  const rollups = points.length * needs.rollupDays;
  if (rollups > MAX_ROLLUPS) {
    const detail = `The range holds ${rollups} days of points, ${MAX_ROLLUPS} at most: ${instead}.`;
    return new Problem("too_much_data", detail, "point_names");
  }
  return new Problem("too_much_data", `${coldCost(needs, points.length)}: ${instead}.`, "end_time");
}

/** Why the day files of the range are too much. */
function coldCost({ work, fileDays }: AnyNeeds, points: number): string {
  const { requests, bytes, rows } = MAX_COLD;
  if (fileDays * points > MAX_POINT_DAYS) {
    return `The range holds ${fileDays * points} days of points in the archive, ${MAX_POINT_DAYS} are the limit`;
  }
  if (work.requests > requests) {
    return `The range takes ${work.requests} reads of the archive, ${requests} are the limit`;
  }
  if (work.bytes > bytes) return `The range takes ${work.bytes} bytes of the archive, ${bytes} are the limit`;
  if (work.rows > rows) return `The range takes ${work.rows} rows of the archive, ${rows} are the limit`;
  return `A point has more than ${MAX_POINT_SAMPLES} samples in the archive`;
}

/** What can be asked for instead: a coarser interval, fewer points, fewer days, or several of these. */
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

/** The most whole days from the range's start over which any so many points can be asked for; 0: not even one. */
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

/** How many of the points can be asked for over the first days of the range. */
function pointsOver(input: PlanInput, needsAt: NeedsAt, days: number, interval: Interval): number {
  const range = firstDays(input.range, days);
  return mostPoints({ ...input, range }, needsAt(interval, range), interval);
}
