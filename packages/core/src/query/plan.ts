import { INTERVALS, type Interval } from "../domain/interval.ts";
import { Problem } from "../domain/problem.ts";
import type { TimeRange } from "../domain/time-range.ts";
import type { ColdBlock, ColdWork } from "./cold-plan.ts";
import { type Coverage, coverageOf } from "./coverage.ts";
import { MAX_POINTS } from "./limits.ts";
import { type Needs, needsOf } from "./needs.ts";
import { mostPoints, refusal, seriesValues } from "./refusal.ts";
import type { Stored } from "./stored.ts";

export interface PlannedPoint {
  readonly id: number;
  readonly name: string;
  /** milliseconds between samples; null: unknown */
  readonly cadenceMs: number | null;
}

export interface PlanInput<P extends PlannedPoint = PlannedPoint> {
  readonly points: readonly P[];
  readonly range: TimeRange;
  readonly interval: Interval | "auto";
  /** `auto` takes the finest interval whose series have at most so many points */
  readonly maxPoints: number;
  /** what both levels hold of the range */
  readonly stored: Stored;
  /** all before it that the API served was stored, epoch ms; null: no window of the sync has ended */
  readonly watermark: number | null;
}

/** What to read, decided before anything is read. */
export interface Plan<P extends PlannedPoint = PlannedPoint> {
  readonly interval: Interval;
  /** in the order asked for */
  readonly points: readonly P[];
  readonly range: TimeRange;
  /** starts of the UTC hours that the hot level is asked for, of each point, ascending, epoch milliseconds */
  readonly hours: readonly number[];
  /** each point is in one of them; their files are what the cold level is asked for */
  readonly blocks: readonly ColdBlock<P>[];
  /** what the blocks' files cost */
  readonly cold: ColdWork;
  /** the manifest's row of each day of the range that has one, as it was when this was planned */
  readonly days: Stored["days"];
  readonly coverage: Coverage;
}

/**
 * Plans a query. Pure: the same input gives the same plan.
 * @throws {Problem} `too_many_points`, `span_too_long` or `too_much_data`, with a way out that itself can be planned
 */
export function planQuery<P extends PlannedPoint>(input: PlanInput<P>): Plan<P> {
  const { points, range, stored, watermark } = input;
  if (points.length > MAX_POINTS) {
    throw new Problem("too_many_points", `Ask for at most ${MAX_POINTS} points at once.`, "point_names");
  }
  const needs = needsOf(points, range, stored);
  const interval = input.interval === "auto" ? finestInterval(input, needs) : input.interval;
  if (mostPoints(input, needs, interval) < points.length) throw refusal(input, needs, interval);
  const { hours, blocks, work } = needs;
  const coverage = coverageOf(range, stored, watermark);
  return { interval, points, range, hours, blocks, cold: work, days: stored.days, coverage };
}

/** The finest interval within `maxPoints` and all limits; where none is, the coarsest. */
function finestInterval<P extends PlannedPoint>(input: PlanInput<P>, needs: Needs<P>): Interval {
  const fits = (interval: Interval) =>
    mostPoints(input, needs, interval) === input.points.length &&
    input.points.every((point) => seriesValues(input.range, interval, point.cadenceMs) <= input.maxPoints);
  return INTERVALS.find(fits) ?? "1day";
}
