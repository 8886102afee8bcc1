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
 * @throws {Problem} `too_many_points`, `span_too_long` or `too_much_data`, with the way out
 */
export function planQuery(input: PlanInput): Plan {
  const { points, range } = input;
  if (points.length > MAX_POINTS) {
    throw new Problem("too_many_points", `Ask for at most ${MAX_POINTS} points at once.`, "point_names");
  }
  const interval = input.interval === "auto" ? finestInterval(input) : input.interval;
  checkSpan(range, interval);
  const span = range.end - range.start;
  const values = points.reduce((sum, point) => sum + span / stepMs(interval, point.cadenceMs), 0);
  if (values > MAX_VALUES) {
    const detail = `About ${Math.round(values)} values are more than ${MAX_VALUES}: ${wayOut(input, interval)}.`;
    throw new Problem("too_much_data", detail, "interval");
  }
  const hotRange = input.hot === null ? null : overlap(range, input.hot);
  if (hotRange === null) return { interval, hot: null };
  const hourRows = points.length * hoursOf(hotRange).length;
  if (hourRows > MAX_HOUR_ROWS) {
    const most = Math.floor(MAX_HOUR_ROWS / hoursOf(hotRange).length);
    const detail = `The range needs ${hourRows} stored rows, ${MAX_HOUR_ROWS} at most: ask for at most ${most} points.`;
    throw new Problem("too_much_data", detail, "point_names");
  }
  return { interval, hot: { pointIds: points.map((point) => point.id), range: hotRange, hourRows } };
}

function stepMs(interval: Interval, cadenceMs: number | null): number {
  const cadence = cadenceMs ?? USUAL_CADENCE_MS;
  return interval === "raw" ? cadence : Math.max(BUCKET_MS[interval], cadence);
}

function finestInterval({ points, range, maxPoints }: PlanInput): Interval {
  const span = range.end - range.start;
  const fits = (interval: Interval) =>
    span <= MAX_SPAN_DAYS[interval] * DAY_MS &&
    points.every((point) => span / stepMs(interval, point.cadenceMs) <= maxPoints);
  return INTERVALS.find(fits) ?? "1day";
}

function checkSpan(range: TimeRange, interval: Interval): void {
  const days = (range.end - range.start) / DAY_MS;
  if (days <= MAX_SPAN_DAYS[interval]) return;
  const coarser = INTERVALS.find((other) => days <= MAX_SPAN_DAYS[other]);
  const instead = coarser === undefined ? "a shorter range" : `interval=${coarser}`;
  const limit = `interval=${interval} takes at most ${MAX_SPAN_DAYS[interval]} days`;
  throw new Problem("span_too_long", `${limit}, not ${Math.ceil(days)}: ask for ${instead}.`, "end_time");
}

function wayOut({ points, range }: PlanInput, interval: Interval): string {
  const span = range.end - range.start;
  const fits = (other: Interval) =>
    INTERVALS.indexOf(other) > INTERVALS.indexOf(interval) &&
    points.reduce((sum, point) => sum + span / stepMs(other, point.cadenceMs), 0) <= MAX_VALUES;
  const coarser = INTERVALS.find(fits);
  return coarser === undefined ? "ask for fewer points" : `ask for interval=${coarser}, or for fewer points`;
}

function overlap(a: TimeRange, b: TimeRange): TimeRange | null {
  const start = Math.max(a.start, b.start);
  const end = Math.min(a.end, b.end);
  return start < end ? { start, end } : null;
}
