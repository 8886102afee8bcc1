import { readManifest } from "../cold/manifest.ts";
import type { RangeCost } from "../cold/range-get.ts";
import { dayOf, dayRange } from "../domain/day.ts";
import { Problem } from "../domain/problem.ts";
import { EMPTY_SERIES, type Series } from "../domain/samples.ts";
import { mergeRanges, type TimeRange } from "../domain/time-range.ts";
import { type ReadCost, readSeriesOfHours } from "../hot/read.ts";
import { bucketBounds, bucketSeries } from "./buckets.ts";
import type { ColdLevel } from "./cold-level.ts";
import { type Completeness, joinCompleteness, judgeSeries } from "./completeness.ts";
import { cut } from "./coverage.ts";
import { MAX_VALUES } from "./limits.ts";
import { joinDays, mergeSeries } from "./merge-series.ts";
import type { Plan, PlannedPoint } from "./plan.ts";
import { markProved, readBlock, replanChanged, type UnreadableDay } from "./read-block.ts";

export interface QueriedPoint extends PlannedPoint {
  readonly unit: string | null;
}

/** One point's answer. Columns of equal length; `min`, `max` and `count` only where samples were aggregated. */
export interface QueriedSeries {
  readonly point: QueriedPoint;
  /** of the sample, or of the start of its bucket: epoch milliseconds UTC */
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly min?: Float64Array;
  readonly max?: Float64Array;
  readonly count?: Int32Array;
}

export interface QueryAnswer {
  /** in the order asked for */
  readonly series: readonly QueriedSeries[];
  /** stored samples that the answer is made of: those of both levels */
  readonly samples: number;
  readonly hot: ReadCost & { readonly samples: number };
  /** `samples` without those that the hot level has too; `files` are those that samples were looked for in */
  readonly cold: RangeCost & { readonly samples: number; readonly files: number };
  /** of the points whose cadence is known; null: there are none */
  readonly completeness: Completeness | null;
  /** half-open stretches that are known to lack samples, ascending and disjoint */
  readonly missing: readonly TimeRange[];
  /** what lies before was judged, epoch ms */
  readonly until: number;
  /** whether a part of the storage could not be read */
  readonly partial: boolean;
  /** days that could not be read now; those that were known to be unreadable are not among them */
  readonly unreadable: readonly UnreadableDay[];
}

/**
 * Reads what was planned, merges the levels, the hot one winning, and makes the series of it. A day file that is not
 * what was written is marked as suspect, and nothing of it is used.
 * @param now epoch ms
 * @throws {Problem} `too_much_data` when there is more than was planned for; the error of D1
 */
export async function executeQuery(
  cold: ColdLevel,
  plan: Plan<QueriedPoint>,
  timeZone: string,
  now: number,
): Promise<QueryAnswer> {
  const { range, coverage } = plan;
  const { until } = coverage;
  const hotCost: ReadCost = { statements: 0, rowsRead: 0 };
  const coldCost: RangeCost = { requests: 0, bytes: 0 };
  const bounds = plan.interval === "raw" ? null : bucketBounds(range, plan.interval, timeZone);
  const series = new Map<number, QueriedSeries>();
  const judged: Completeness[] = [];
  const files = new Set<number>();
  const unreadable = new Map<number, UnreadableDay>();
  let [samples, coldSamples, values] = [0, 0, 0];
  for (const block of plan.blocks) {
    const hot = await readHot(cold, plan, block.points, hotCost);
    const current = await currentFiles(cold, plan, block);
    const read = await readBlock(cold, current.files, block.points, coldCost);
    const days = [...read.days].sort(([a], [b]) => a - b);
    for (const [day] of days) files.add(day);
    for (const one of [...current.unreadable, ...read.unreadable]) unreadable.set(one.day, one);
    for (const point of block.points) {
      const archived = joinDays(
        days.map(([, ofDay]) => ofDay.get(point.name) ?? EMPTY_SERIES),
        range,
      );
      const { fromOld, ...raw } = mergeSeries(archived, hot.get(point.id) ?? EMPTY_SERIES);
      samples += raw.times.length;
      coldSamples += fromOld;
      if (point.cadenceMs !== null) judged.push(judgeSeries(raw, range, point.cadenceMs, until));
      const one = bounds === null ? { point, ...raw } : { point, ...bucketSeries(raw, bounds) };
      series.set(point.id, one);
      values += one.times.length;
      if (values > MAX_VALUES) {
        const detail = `The range holds more than ${MAX_VALUES} values: ask for a coarser interval or fewer points.`;
        throw new Problem("too_much_data", detail, "interval");
      }
    }
  }
  await markProved(cold, unreadable.values(), now);
  const completeness = judged.length === 0 ? null : joinCompleteness(judged);
  const lost = [...unreadable.keys()].map((day) => cut(dayRange(day), range));
  return {
    series: plan.points.flatMap(({ id }) => series.get(id) ?? []),
    samples,
    hot: { ...hotCost, samples: samples - coldSamples },
    cold: { ...coldCost, samples: coldSamples, files: files.size },
    completeness,
    missing: mergeRanges([...(completeness?.missing ?? []), ...coverage.uncovered, ...coverage.unreadable, ...lost]),
    until,
    partial: unreadable.size > 0 || coverage.unreadable.length > 0,
    unreadable: [...unreadable.values()],
  };
}

async function readHot(
  { db }: ColdLevel,
  { hours, range }: Plan,
  points: readonly PlannedPoint[],
  cost: ReadCost,
): Promise<Map<number, Series>> {
  if (hours.length === 0) return new Map();
  return readSeriesOfHours(
    db,
    points.map(({ id }) => id),
    hours,
    range,
    cost,
  );
}

/**
 * A block's files as they are after its hot rows were read. Between the plan and that read a day may have been archived
 * and its hot rows deleted: then they are in the file that was published before they were deleted.
 */
async function currentFiles(cold: ColdLevel, plan: Plan, { points, files }: Plan["blocks"][number]) {
  const first = plan.hours[0];
  const last = plan.hours.at(-1);
  if (first === undefined || last === undefined) return { files, unreadable: [] };
  const current = await readManifest(cold.db, cold.siteId, dayOf(first), dayOf(last) + 1);
  return replanChanged(cold, files, plan.days, current, points);
}
