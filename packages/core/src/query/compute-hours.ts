import { registerOf } from "../analysis/register.ts";
import type { Completeness } from "../domain/completeness.ts";
import { dayOf, dayRange, dayStart } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { EMPTY_SERIES } from "../domain/samples.ts";
import { Problem } from "../domain/problem.ts";
import { aggregatePoint, isUse, within } from "./aggregate.ts";
import type { ColdLevel } from "../read/cold-level.ts";
import { planBlocks } from "../read/cold-plan.ts";
import type { Carried } from "./fill.ts";
import { hoursWithoutEdges, readingsOf } from "./hour-readings.ts";
import { bucketHours, hourParts } from "./hour-parts.ts";
import { type JudgeablePoint, judgePoint } from "./judge-point.ts";
import { hoursToCarry, lastOfHours } from "./last-samples.ts";
import { CARRIED_READS, ROLLUPS_AT_ONCE } from "../read/limits.ts";
import type { QueryPlan } from "./plan.ts";
import type { SeriesColumn, SeriesFacts } from "./series-column.ts";
import { rawHours } from "../read/raw-hours.ts";
import { lostDays, type ReadTally, readSamples } from "../read/read-samples.ts";
import {
  aggregateInUnitOfNow,
  inUnitOfNow,
  type PastUnit,
  pastUnits,
  seriesInUnitOfNow,
  withUnitChanges,
} from "./past-units.ts";
import { overflownHours, type ParsedRollup, parseRollups, rollupsByPoint } from "./rollups.ts";
import { type PointRollup, readStored, type Stored } from "../read/stored.ts";

/** The columns of a computed point, of equal length. */
export interface ComputedColumns extends Carried {
  /** time of the sample, or start of its bucket: epoch milliseconds UTC */
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly min?: Float64Array;
  readonly max?: Float64Array;
  readonly count?: Int32Array;
  readonly more?: readonly SeriesColumn[];
  readonly facts?: SeriesFacts;
}

/** The last sample of a point before a range. */
export interface LastSample {
  /** epoch ms */
  readonly time: number;
  /** in the unit of its time */
  readonly value: number;
}

/** One point's part of an answer. */
export interface ComputedPoint<P> {
  readonly point: P;
  readonly columns: ComputedColumns;
  /** number of its samples per level; a sample in both counts as hot */
  readonly hot: number;
  readonly cold: number;
  /** null: no samples are expected of the point */
  readonly judged: Completeness | null;
}

/** Limit of days that may be built between the plan and the read of aggregates. */
const NEW_DAYS = 2;

/**
 * Computes buckets from hourly aggregates, and from the samples of hours without aggregates.
 * - Each point's aggregates and their validity come from one snapshot; samples of other hours are read after it. The
 * answer thus holds all data of that time, despite concurrent writes, rollups or settling.
 * - A day's aggregates stay valid if its file turns out suspect, because they were made from the verified samples. Such
 * a day lacks only samples that must be read from the file.
 * - A point-day with damaged aggregates is lost.
 */
export async function* computeFromHours<P extends JudgeablePoint>(
  cold: ColdLevel,
  plan: QueryPlan<P>,
  bounds: Float64Array,
  tally: ReadTally,
  before: ReadonlyMap<number, LastSample>,
): AsyncGenerator<ComputedPoint<P>> {
  const { hourly: points, readRange, stored, rollupDays } = plan;
  if (stored.rollups !== null) {
    yield* computeBlock(cold, plan, bounds, tally, before, points, stored);
    return;
  }
  const atOnce = Math.max(1, Math.floor(ROLLUPS_AT_ONCE / (rollupDays + NEW_DAYS)));
  for (let first = 0; first < points.length; first += atOnce) {
    const some = points.slice(first, first + atOnce);
    const ids = some.map(({ id }) => id);
    const readNow = await readStored(cold.db, cold.siteId, ids, readRange, "rollups");
    yield* computeBlock(cold, plan, bounds, tally, before, some, readNow);
  }
}

async function* computeBlock<P extends JudgeablePoint>(
  cold: ColdLevel,
  { range, readRange, coverage, isCarried }: QueryPlan<P>,
  bounds: Float64Array,
  tally: ReadTally,
  before: ReadonlyMap<number, LastSample>,
  points: readonly P[],
  readNow: Stored,
): AsyncGenerator<ComputedPoint<P>> {
  const stored = withUnitChanges(readNow, points, readRange);
  if (stored.rollups === null) throw new Error("more days were built since the plan than it allows");
  const rollups = rollupsByPoint(stored.rollups);
  const overflown = overflownHours(stored.rollups);
  const carried = isCarried ? carriedHours(points, rollups, bounds, stored.days) : [];
  const fallen = fallenHours(points, rollups);
  const raw = new Set([
    ...rawHours(readRange, { withoutRollups: [...stored.withoutRollups, ...overflown, ...carried, ...fallen] }),
    ...rawHours(range, { withoutRollups: [] }),
  ]);
  const hours = stored.hours.filter((hour) => raw.has(hour));
  const rawDays = new Set([...raw].map(dayOf));
  const days = stored.days.filter(({ day }) => rawDays.has(day));
  const lose = (day: number) => {
    for (const hour of raw) if (dayOf(hour) === day) tally.lost.push({ start: hour, end: hour + HOUR_MS });
  };
  for (const { day, state } of days) if (state === "suspect") lose(day);
  const pointDays = stored.pointDays?.filter(({ day }) => rawDays.has(day)) ?? [];
  for (const block of planBlocks(days, pointDays, points, hours.length, stored.months)) {
    const known = lostDays(tally);
    const samples = await readSamples(
      cold,
      { range: readRange, hours, only: raw, days, hotSamples: null },
      block,
      tally,
    );
    for (const day of lostDays(tally)) if (!known.has(day)) lose(day);
    for (const point of block.points) {
      const ofPoint = rollups.get(point.id) ?? [];
      const { fromLower, ...read } = samples.get(point.id) ?? { ...EMPTY_SERIES, fromLower: 0 };
      const past = pastUnits(point);
      const series = seriesInUnitOfNow(past, read);
      const { parsed, damaged } = parseRollups(ofPoint);
      for (const { day, reason } of damaged) {
        const absent = [...(tally.misplaced.get(day)?.absent ?? []), point.name];
        tally.misplaced.set(day, { day, reason, absent });
        tally.lost.push(dayRange(day));
      }
      const inUnit = parsed.map((rollup) => rollupInUnitOfNow(past, rollup));
      const parts = hourParts(inUnit, raw, within(series, range), range);
      const coldDays = new Set(ofPoint.filter(({ isCold }) => isCold).map(({ day }) => day));
      let [hotSamples, coldSamples] = [series.times.length - fromLower, fromLower];
      for (const { hour, aggregate, times } of parts) {
        if (times !== null) continue;
        if (coldDays.has(dayOf(hour))) coldSamples += aggregate.n;
        else hotSamples += aggregate.n;
      }
      const buckets = bucketHours(parts, bounds);
      const { aggregation, expectation } = point;
      const columns = (): ComputedColumns => {
        if (aggregation === undefined) {
          return isCarried ? { ...buckets, last: lastOfHours(parts, buckets.times) } : buckets;
        }
        const readings = [...readingsOf(inUnit, raw, series, readRange)];
        const last = before.get(point.id);
        const isEarlier = last !== undefined && (readings[0] === undefined || readings[0][0] > last.time);
        if (isEarlier) readings.unshift([last.time, inUnitOfNow(past, last.time, last.value)]);
        const register = isUse(aggregation) ? registerOf(readings, false) : null;
        const asked = { bounds, range, toleranceMs: expectation?.toleranceMs ?? null, until: coverage.until };
        return aggregatePoint(aggregation, { buckets, register, samples: null }, asked);
      };
      yield {
        point,
        columns: columns(),
        hot: hotSamples,
        cold: coldSamples,
        judged: judgePoint(point, parts, range, coverage.until),
      };
    }
  }
}

/** Samples of a counter's hours that fall more than once are read, up to the limit of reads from R2. */
function fallenHours(
  points: readonly JudgeablePoint[],
  rollups: ReadonlyMap<number, readonly PointRollup[]>,
): number[] {
  const asked = points.filter(({ aggregation }) => aggregation !== undefined && isUse(aggregation));
  const hours = [...new Set(asked.flatMap(({ id }) => hoursWithoutEdges(parseRollups(rollups.get(id) ?? []).parsed)))];
  const reads = new Set(hours.map(dayOf)).size * points.length;
  if (reads > CARRIED_READS) {
    const detail = `Hours of counters that fall more than once need ${reads} reads of days; at most ${CARRIED_READS} are allowed: ask for agg=avg, fewer points or a shorter range.`;
    throw new Problem("too_much_data", detail, "agg");
  }
  return hours;
}

function rollupInUnitOfNow(past: readonly PastUnit[], rollup: ParsedRollup): ParsedRollup {
  if (past.length === 0) return rollup;
  const start = dayStart(rollup.day);
  const hours = rollup.hours.map((hour, i) => hour && aggregateInUnitOfNow(past, start + i * HOUR_MS, hour));
  return { ...rollup, hours };
}

/** The newest hours of {@link hoursToCarry} over all points, up to the limit of reads from R2. */
function carriedHours(
  points: readonly JudgeablePoint[],
  rollups: ReadonlyMap<number, readonly PointRollup[]>,
  bounds: Float64Array,
  days: Stored["days"],
): number[] {
  const wanted = new Set(points.flatMap(({ id }) => hoursToCarry(parseRollups(rollups.get(id) ?? []).parsed, bounds)));
  const settled = new Set(days.flatMap(({ day, file }) => (file === null ? [] : [day])));
  const read = new Set<number>();
  return [...wanted]
    .sort((a, b) => b - a)
    .filter((hour) => {
      const day = dayOf(hour);
      if (!settled.has(day) || read.has(day)) return true;
      if ((read.size + 1) * points.length > CARRIED_READS) return false;
      read.add(day);
      return true;
    });
}
