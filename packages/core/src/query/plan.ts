import { BUCKET_MS, INTERVALS, type Interval } from "../domain/interval.ts";
import { Problem } from "../domain/problem.ts";
import { hoursOf, type TimeRange } from "../domain/time-range.ts";

/** Points of one query. */
export const MAX_POINTS = 100;

/** The longest range of a query by resolution, in days: about 45,000 buckets at 1min, 1,830 at 1day. */
export const MAX_SPAN_DAYS: Record<Interval, number> = { raw: 31, "1min": 31, "5min": 100, "1hr": 800, "1day": 1830 };

/** Hour rows read for one answer: 100 points x 20 days; about 70 MB of text, 6 MB of it at a time. */
export const MAX_HOUR_ROWS = 48_000;

/** Values in one answer, a bucket being one: 16 MB of columns, and about 40 MB of JSON, which is streamed. */
export const MAX_VALUES = 1_000_000;

/** Assumed where a point's cadence is unknown, in milliseconds. */
const USUAL_CADENCE_MS = 60_000;

const DAY_MS = 86_400_000;

export interface PlanInput {
  readonly points: readonly { readonly id: number; readonly cadenceMs: number | null }[];
  readonly range: TimeRange;
  readonly interval: Interval | "auto";
  /** `auto` takes the finest interval whose series have at most so many points */
  readonly maxPoints: number;
  /** the stretch that the hot level holds, whole hours; null: nothing */
  readonly hot: TimeRange | null;
}

/** What to read, decided before anything is read. */
export interface Plan {
  readonly interval: Interval;
  /** what the hot level is asked for; null: nothing of the range is there */
  readonly hot: { readonly pointIds: readonly number[]; readonly range: TimeRange; readonly hourRows: number } | null;
}

/**
 * Plans a query. Pure: the same input gives the same plan.
 * @throws {Problem} `too_many_points`, `span_too_long` or `too_much_data`, with a way out that itself can be planned
 */
export function planQuery(input: PlanInput): Plan {
  const { points, range } = input;
  if (points.length > MAX_POINTS) {
    throw new Problem("too_many_points", `Ask for at most ${MAX_POINTS} points at once.`, "point_names");
  }
  const interval = input.interval === "auto" ? finestInterval(input) : input.interval;
  checkLimits(input, interval);
  const hotRange = hotPart(input);
  if (hotRange === null) return { interval, hot: null };
  const hourRows = points.length * hoursOf(hotRange).length;
  return { interval, hot: { pointIds: points.map((point) => point.id), range: hotRange, hourRows } };
}

/** The finest interval within `maxPoints` and the limits of an answer; where none is, the coarsest. */
function finestInterval(input: PlanInput): Interval {
  const { points, maxPoints } = input;
  const fits = (interval: Interval) =>
    points.every((point) => valuesOf(input, interval, point) <= maxPoints) && mostPoints(input, interval) > 0 &&
    totalValues(input, interval) <= MAX_VALUES;
  return INTERVALS.find(fits) ?? "1day";
}

function checkLimits(input: PlanInput, interval: Interval): void {
  if (mostPoints(input, interval) >= input.points.length) return;
  const instead = `ask for ${wayOut(input, interval)}`;
  const days = (input.range.end - input.range.start) / DAY_MS;
  const maxDays = MAX_SPAN_DAYS[interval];
  if (days > maxDays) {
    const detail = `interval=${interval} takes at most ${maxDays} days, not ${Math.ceil(days)}: ${instead}.`;
    throw new Problem("span_too_long", detail, "end_time");
  }
