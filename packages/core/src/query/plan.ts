import { isOfHours, REACHING } from "../analysis/agg.ts";
import { turnOf } from "../domain/angle.ts";
import { DAY_MS, dayOf } from "../domain/day.ts";
import { TOLERATED_CADENCES } from "../domain/expectation.ts";
import { HOUR_MS, hourOf } from "../domain/hour.ts";
import { AUTO_INTERVALS, type Interval } from "../domain/interval.ts";
import { Problem } from "../domain/problem.ts";
import type { TimeRange } from "../domain/time-range.ts";
import { bucketBounds, isMadeOfHours } from "./buckets.ts";
import type { ColdBlock, ColdWork } from "../read/cold-plan.ts";
import { type Coverage, coverageOf } from "./coverage.ts";
import { HOUR_ROWS_PER_BLOCK, MAX_POINTS, MAX_SPAN_DAYS, ROLLUPS_AT_ONCE } from "../read/limits.ts";
import { type ComputedFrom, joinNeeds, type Needs, needsOf } from "../read/needs.ts";
import { type PointUnits, unitChangeHours } from "./past-units.ts";
import type { PlanInput, PlannedPoint } from "./plan-input.ts";
import { rawHours } from "../read/raw-hours.ts";
import { mostPoints, refusal, seriesValues } from "./refusal.ts";
import type { Stored } from "../read/stored.ts";

/** Hourly aggregates have neither circular means nor percentiles: points asked for these are computed from samples. */
export function needsSamples({ unit, aggregation }: PlannedPoint): boolean {
  return turnOf(unit) !== null || (aggregation !== undefined && !isOfHours(aggregation.aggs, aggregation.quantity));
}

/** The longest time before a range that is read to tell what is known at its start: three cadences of a day. */
export const LONGEST_REACH_MS = 3 * DAY_MS;

/**
 * The range to read: with the whole hours around it whose readings tell what is known at its edges, if an aggregate
 * needs them.
 */
export function readRangeOf({ points, range }: Pick<PlanInput, "points" | "range">): TimeRange {
  const reaching = points.filter(({ aggregation }) => aggregation?.aggs.some((agg) => REACHING.has(agg)) === true);
  if (reaching.length === 0) return range;
  const longest = Math.max(...reaching.map(({ cadenceMs }) => TOLERATED_CADENCES * (cadenceMs ?? 0)));
  const before = Math.min(LONGEST_REACH_MS, Math.max(HOUR_MS, Math.ceil(longest / HOUR_MS) * HOUR_MS));
  return { start: hourOf(range.start) - before, end: hourOf(range.end - 1) + HOUR_MS + before };
}

/** The reads of a query, decided before anything is read. */
export interface QueryPlan<P extends PlannedPoint = PlannedPoint> {
  readonly interval: Interval;
  /** in the requested order */
  readonly points: readonly P[];
  readonly range: TimeRange;
  /** of {@link readRangeOf} */
  readonly readRange: TimeRange;
  /** of `bucketBounds`; null: raw */
  readonly bounds: Float64Array | null;
  /** `hours`: hourly aggregates, and samples of hours without them or cut by the range */
  readonly computedFrom: ComputedFrom;
  /** those of `points` that are computed from hourly aggregates; the others are read as samples, by `blocks` */
  readonly hourly: readonly P[];
  /** starts of the UTC hours to read from the hot level for each point of `blocks`, ascending, epoch milliseconds */
  readonly hours: readonly number[];
  /** hold each point that is read as samples, and its reads of the cold level */
  readonly blocks: readonly ColdBlock<P>[];
  /** total cost of the blocks' files */
  readonly cold: ColdWork;
  /** days of hourly aggregates per point */
  readonly rollupDays: number;
  /** the state that the plan is based on */
  readonly stored: Stored;
  readonly coverage: Coverage;
  /** whether the last sample of each bucket is carried forward */
  readonly isCarried: boolean;
}

/**
 * Plans a query. Pure: the same input gives the same plan.
 * @throws {Problem} `too_many_points`, `span_too_long` or `too_much_data`, with a suggestion that can be planned
 */
export function planQuery<P extends PlannedPoint>(input: PlanInput<P>): QueryPlan<P> {
  const { points, range, stored, watermark } = input;
  if (points.length > MAX_POINTS) {
    throw new Problem("too_many_points", `Ask for at most ${MAX_POINTS} points at once.`, "point_names");
  }
  const fromOf = memoized((interval: Interval) => computedFrom(range, interval, input.timeZone, input.bounds));
  const linear = points.filter((point) => !needsSamples(point));
  const sampledOnly = points.filter(needsSamples);
  const needsOver = (from: ComputedFrom, over: TimeRange): Needs<P> => {
    const reached = readRangeOf({ points, range: over });
    if (from === "samples" || sampledOnly.length === 0) return needsOf(points, reached, stored, from);
    const sampled = needsOf(sampledOnly, reached, stored, "samples");
    return joinNeeds(points, needsOf(linear, reached, stored, from), sampled, needsSamples);
  };
  const ofWhole = memoized((from: ComputedFrom) => needsOver(from, range));
  const needsAt = (interval: Interval, over: TimeRange) => {
    const from = fromOf(interval);
    return over === range ? ofWhole(from) : needsOver(from, over);
  };
  const canBeRead = (interval: Interval) => mostPoints(input, needsAt(interval, range), interval) === points.length;
  const interval = input.interval === "auto" ? finestInterval(input, canBeRead) : input.interval;
  const needs = needsAt(interval, range);
  if (mostPoints(input, needs, interval) < points.length) throw refusal(input, needsAt, interval);
  const from = fromOf(interval);
  const { hours, blocks, work, rollupDays } = needs;
  const hourly = from === "hours" ? linear : [];
  if (stored.isCut && hourly.length < points.length) throw new Error("the plan reads samples of days without locators");
  const coverage = coverageOf(range, stored, watermark);
  const bounds = interval === "raw" ? null : (input.bounds ?? bucketBounds(range, interval, input.timeZone));
  return {
    interval,
    points,
    range,
    readRange: readRangeOf(input),
    bounds,
    computedFrom: hourly.length > 0 ? "hours" : "samples",
    hourly,
    hours,
    blocks,
    cold: work,
    rollupDays,
    stored,
    coverage,
    isCarried: input.fill === "locf",
  };
}

/** Caches the result for each argument. */
function memoized<K, V>(compute: (key: K) => V): (key: K) => V {
  const known = new Map<K, { readonly value: V }>();
  return (key) => {
    const found = known.get(key) ?? { value: compute(key) };
    known.set(key, found);
    return found.value;
  };
}

/** Intervals whose buckets may consist of whole hours. */
const FROM_HOURS: ReadonlySet<Interval | "auto"> = new Set(["1hr", "1day", "1week", "1month"] as const);

/**
 * Buckets consist of UTC hours if the zone is whole hours from UTC throughout the range.
 * @param bounds of the request's own buckets, which replace those of the interval
 */
export function computedFrom(
  range: TimeRange,
  interval: Interval,
  timeZone: string,
  bounds: Float64Array | null = null,
): ComputedFrom {
  if (!FROM_HOURS.has(interval)) return "samples";
  // A range over the limit may have very many clock changes.
  if (range.end - range.start > MAX_SPAN_DAYS[interval] * DAY_MS) return "samples";
  const isWhole = bounds === null ? isMadeOfHours(range, timeZone) : bounds.every((bound) => bound % HOUR_MS === 0);
  return isWhole ? "hours" : "samples";
}

/**
 * The only days whose samples an answer may need, besides days with hours without rollups.
 * An answer from hourly aggregates needs samples only of hours that the range cuts, or in which a unit changed.
 * @returns null: all days, or few enough days to read whole
 */
export function sampledDays<P extends PlannedPoint & PointUnits>({
  points,
  range,
  interval,
  timeZone,
  bounds,
}: Omit<PlanInput<P>, "stored">): number[] | null {
  const isWhole = points.length * ((range.end - range.start) / DAY_MS + 1) <= ROLLUPS_AT_ONCE;
  if (isWhole || interval === "auto" || points.some(needsSamples)) return null;
  if (computedFrom(range, interval, timeZone, bounds) !== "hours") return null;
  const reached = readRangeOf({ points, range });
  const cutHours = rawHours(range, { withoutRollups: unitChangeHours(points, reached) });
  return [...new Set(cutHours.map(dayOf))];
}

/**
 * What to read together with the plan: hourly aggregates if the answer probably comes from them; else hot samples if
 * the points probably fit one block.
 * @param hasSegments whether the range had segments at the last read
 */
export function readWithPlan(
  asked: Omit<PlanInput, "stored">,
  hasSegments: boolean,
): "rollups" | "samples" | "locators" {
  if (mayNeedRollups(asked)) return "rollups";
  const { points, range } = asked;
  const isOneBlock = points.length * ((range.end - range.start) / HOUR_MS + 1) <= HOUR_ROWS_PER_BLOCK;
  return hasSegments && isOneBlock ? "samples" : "locators";
}

/** Whether an answer probably comes from hourly aggregates. */
function mayNeedRollups(asked: Omit<PlanInput, "stored">): boolean {
  const { points, range, interval, timeZone, bounds = null, maxPoints, fill } = asked;
  if (interval !== "auto" && bounds !== null) return computedFrom(range, interval, timeZone, bounds) === "hours";
  if (interval !== "auto") return FROM_HOURS.has(interval);
  const isTooLong = range.end - range.start > MAX_SPAN_DAYS["5min"] * DAY_MS;
  return (
    isTooLong ||
    points.some(({ cadenceMs, aggregation }) => {
      return (
        seriesValues(range, "5min", (fill ?? "none") === "none" && aggregation === undefined ? cadenceMs : 0) >
        maxPoints
      );
    })
  );
}

/**
 * The finest interval within `maxPoints` and all limits, or else the coarsest.
 * @param canBeRead whether the stored data is within the limits at an interval
 */
export function finestInterval(
  { points, range, maxPoints, fill = "none" }: Pick<PlanInput, "points" | "range" | "maxPoints" | "fill">,
  canBeRead: (interval: Interval) => boolean,
): Interval {
  const isAggregated = points.some(({ aggregation }) => aggregation !== undefined);
  const fits = (interval: Interval) => {
    if (range.end - range.start > MAX_SPAN_DAYS[interval] * DAY_MS) return false;
    // A filled bucket counts like one with samples.
    const isEach = (fill !== "none" || isAggregated) && interval !== "raw";
    return (
      points.every((point) => seriesValues(range, interval, isEach ? 0 : point.cadenceMs) <= maxPoints) &&
      canBeRead(interval)
    );
  };
  const takesRaw = !isAggregated && (fill === "none" || fill === "null");
  return AUTO_INTERVALS.find((interval) => (takesRaw || interval !== "raw") && fits(interval)) ?? "1day";
}
