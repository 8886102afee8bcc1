import { DAY_MS, dayOf, dayRange } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { overlap, type TimeRange } from "../domain/time-range.ts";
import {
  addWork,
  type ColdBlock,
  type ColdWork,
  mostWork,
  type NamedPoint,
  NO_WORK,
  planBlocks,
  readableFile,
  workOf,
} from "./cold-plan.ts";
import { MAX_COLD } from "./limits.ts";
import { rawHours } from "./raw-hours.ts";
import type { Stored } from "./stored.ts";

/** Assumed for a point's day if there are too many locators to read: its row group at a sample a minute. */
const ASSUMED_DAY: ColdWork = { requests: 1, bytes: 32_768, rows: 17_280 };
const ASSUMED_SAMPLES = 1_440;

/** Whether an answer comes from samples alone, or from hourly aggregates and samples of the other hours. */
export type ComputedFrom = "samples" | "hours";

/** Whether the reads of day and month files are within the limits of one answer. */
export function coldFits({ requests, bytes, rows }: ColdWork): boolean {
  return requests <= MAX_COLD.requests && bytes <= MAX_COLD.bytes && rows <= MAX_COLD.rows;
}

/** Cost of reading a range, at any resolution. */
export interface Needs<P extends NamedPoint> {
  /** starts of the hot hours to read of each point, ascending, epoch milliseconds */
  readonly hours: readonly number[];
  /** number of days whose files are read */
  readonly fileDays: number;
  /** days of hourly aggregates per point */
  readonly rollupDays: number;
  readonly blocks: readonly ColdBlock<P>[];
  /** of all blocks together */
  readonly work: ColdWork;
  /** upper bound of each point's share, in the order of the points */
  readonly byPoint: readonly PointWork[];
}

/** Upper bound of one point's share. */
export interface PointWork extends ColdWork {
  /** cold samples */
  readonly samples: number;
  /** rows of the hot level */
  readonly hourRows: number;
}

export function needsOf<P extends NamedPoint>(
  points: readonly P[],
  range: TimeRange,
  stored: Stored,
  from: ComputedFrom,
): Needs<P> {
  const inRange = stored.hours.filter((hour) => hour + HOUR_MS > range.start && hour < range.end);
  const all = stored.days.filter(({ day }) => overlap(dayRange(day), range));
  const raw = from === "hours" ? new Set(rawHours(range, stored)) : null;
  const rawDays = raw === null ? null : new Set([...raw].map(dayOf));
  const hours = raw === null ? inRange : inRange.filter((hour) => raw.has(hour));
  const days = rawDays === null ? all : all.filter(({ day }) => rawDays.has(day));
  const withFile = all.filter(({ file }) => file !== null).map(({ day }) => day);
  const rollupDays = raw === null ? 0 : new Set([...withFile, ...inRange.map(dayOf)]).size;
  const readable = new Set(days.flatMap((day) => (readableFile(day) === null ? [] : [day.day])));
  if (stored.pointDays === null || (raw === null && stored.isCut)) {
    const { size } = readable;
    const assumed = { ...times(ASSUMED_DAY, size), samples: ASSUMED_SAMPLES * size, hourRows: hours.length };
    const work = times(ASSUMED_DAY, size * points.length);
    return { hours, fileDays: size, rollupDays, blocks: [], work, byPoint: points.map(() => assumed) };
  }
  const pointDays = stored.pointDays.filter(({ day }) => readable.has(day));
  const byMonths = planBlocks(days, pointDays, points, hours.length, stored.months);
  // A month file is one request, and has more rows than a few of its days.
  const blocks = coldFits(workOf(byMonths)) ? byMonths : planBlocks(days, pointDays, points, hours.length);
  const kept = new Set(days.flatMap(({ day, keptId }) => (keptId === null ? [] : [day])));
  const ofPoints = Map.groupBy(pointDays, ({ pointId }) => pointId);
  const byPoint = points.map(({ id }) => {
    const daysOfPoint = ofPoints.get(id) ?? [];
    const samples = daysOfPoint.reduce((sum, { locator }) => sum + (locator?.rows ?? 0), 0);
    const most = daysOfPoint.map(({ day, locator }) => mostWork(locator, kept.has(day))).reduce(addWork, NO_WORK);
    return { ...most, samples, hourRows: hours.length };
  });
  return { hours, fileDays: readable.size, rollupDays, blocks, work: workOf(blocks), byPoint };
}

/**
 * Joins the cost of two groups of points: some are computed from hourly aggregates, the others (`sampled`) from
 * samples. `hours` and `blocks` come from the sampled ones.
 */
export function joinNeeds<P extends NamedPoint>(
  points: readonly P[],
  fromHours: Needs<P>,
  sampled: Needs<P>,
  isSampled: (point: P) => boolean,
): Needs<P> {
  let [hourly, single] = [0, 0];
  return {
    hours: sampled.hours,
    fileDays: Math.max(fromHours.fileDays, sampled.fileDays),
    rollupDays: fromHours.rollupDays,
    blocks: sampled.blocks,
    work: addWork(fromHours.work, sampled.work),
    byPoint: points.map((point) => (isSampled(point) ? sampled.byPoint[single++]! : fromHours.byPoint[hourly++]!)),
  };
}

function times(work: ColdWork, count: number): ColdWork {
  return { requests: work.requests * count, bytes: work.bytes * count, rows: work.rows * count };
}

/** The first days of a range. */
export function firstDays(range: TimeRange, days: number): TimeRange {
  return { start: range.start, end: Math.min(range.end, range.start + days * DAY_MS) };
}
