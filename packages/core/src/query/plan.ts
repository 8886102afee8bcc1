import { HOUR_MS, hourOf } from "../domain/hour.ts";
import { BUCKET_MS, INTERVALS, type Interval } from "../domain/interval.ts";
import { Problem } from "../domain/problem.ts";
import { firstPiece, type TimeRange } from "../domain/time-range.ts";

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
  const { points } = input;
  if (points.length > MAX_POINTS) {
    throw new Problem("too_many_points", `Ask for at most ${MAX_POINTS} points at once.`, "point_names");
  }
  const interval = input.interval === "auto" ? finestInterval(input) : input.interval;
  if (mostPoints(input, interval) < points.length) throw refusal(input, interval);
  const hotRange = hotPart(input);
  if (hotRange === null) return { interval, hot: null };
  const pointIds = points.map((point) => point.id);
  return { interval, hot: { pointIds, range: hotRange, hourRows: points.length * hotHours(input) } };
}

/** The finest interval within `maxPoints` and all limits; where none is, the coarsest. */
function finestInterval(input: PlanInput): Interval {
  const fits = (interval: Interval) =>
    mostPoints(input, interval) === input.points.length &&
    input.points.every((point) => seriesValues(input.range, interval, point.cadenceMs) <= input.maxPoints);
  return INTERVALS.find(fits) ?? "1day";
}

/** How many of the points, whichever they are, can be asked for at this interval; 0: not one over this range. */
function mostPoints(input: PlanInput, interval: Interval): number {
  const { points, range } = input;
  if (range.end - range.start > MAX_SPAN_DAYS[interval] * DAY_MS) return 0;
  // The busiest first, so that any other points of that number fit too.
  const busiest = points.map((point) => seriesValues(range, interval, point.cadenceMs)).sort((a, b) => b - a);
  const mostRead = Math.min(points.length, Math.floor(MAX_HOUR_ROWS / hotHours(input)));
  let most = 0;
  let values = 0;
  while (most < mostRead) {
    values += busiest[most]!;
    if (values > MAX_VALUES) break;
    most++;
  }
  return most;
}

/** About how many values a point's series has. */
function seriesValues(range: TimeRange, interval: Interval, cadenceMs: number | null): number {
  const cadence = cadenceMs ?? USUAL_CADENCE_MS;
  const step = interval === "raw" ? cadence : Math.max(BUCKET_MS[interval], cadence);
  return (range.end - range.start) / step;
}

function hotHours(input: PlanInput): number {
  const hot = hotPart(input);
  return hot === null ? 0 : (hourOf(hot.end - 1) - hourOf(hot.start)) / HOUR_MS + 1;
}

function hotPart({ range, hot }: PlanInput): TimeRange | null {
  if (hot === null) return null;
  const start = Math.max(range.start, hot.start);
  const end = Math.min(range.end, hot.end);
  return start < end ? { start, end } : null;
}

function refusal(input: PlanInput, interval: Interval): Problem {
  const { points, range } = input;
  const instead = `ask for ${wayOut(input, interval)}`;
  const days = (range.end - range.start) / DAY_MS;
  const maxDays = MAX_SPAN_DAYS[interval];
  if (days > maxDays) {
    const detail = `interval=${interval} takes at most ${maxDays} days, not ${Math.ceil(days)}: ${instead}.`;
    return new Problem("span_too_long", detail, "end_time");
  }
  const rows = points.length * hotHours(input);
  if (rows > MAX_HOUR_ROWS) {
    const detail = `The range needs ${rows} stored rows, ${MAX_HOUR_ROWS} at most: ${instead}.`;
    return new Problem("too_much_data", detail, "point_names");
  }
  const values = points.reduce((sum, point) => sum + seriesValues(range, interval, point.cadenceMs), 0);
  const detail = `About ${Math.ceil(values)} values are more than ${MAX_VALUES}: ${instead}.`;
  return new Problem("too_much_data", detail, "interval");
}

/** What can be asked for instead: a coarser interval, fewer points, both, or a shorter range as well. */
function wayOut(input: PlanInput, interval: Interval): string {
  const most = (other: Interval) => mostPoints(input, other);
  const coarser = INTERVALS.slice(INTERVALS.indexOf(interval) + 1);
  const forAll = coarser.find((other) => most(other) === input.points.length);
  const ways = [
    ...(forAll === undefined ? [] : [`interval=${forAll}`]),
    ...(most(interval) === 0 ? [] : [`at most ${most(interval)} points`]),
  ];
  if (ways.length > 0) return ways.join(", or for ");
  const forSome = coarser.find((other) => most(other) > 0);
  if (forSome !== undefined) return `interval=${forSome} and at most ${most(forSome)} points`;
  const days = MAX_SPAN_DAYS["1day"];
  const shorter = mostPoints({ ...input, range: firstPiece(input.range, days * DAY_MS) }, "1day");
  const fewer = shorter < input.points.length ? ` and at most ${shorter} points` : "";
  return `interval=1day, at most ${days} days${fewer}`;
}
