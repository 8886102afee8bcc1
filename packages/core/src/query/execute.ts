import type { RangeCost } from "../r2/range-get.ts";
import { turnOf } from "../domain/angle.ts";
import { type Completeness, joinCompleteness } from "../domain/completeness.ts";
import { dayRange } from "../domain/day.ts";
import { Problem } from "../domain/problem.ts";
import { concatSeries, EMPTY_SERIES, type Series } from "../domain/samples.ts";
import { cut, mergeRanges, overlap, type TimeRange } from "../domain/time-range.ts";
import type { ReadCost } from "../store/read-segments.ts";
import { type BeforeRange, NOTHING_BEFORE, readBeforeRange } from "../read/before-range.ts";
import { type BucketedSeries, bucketSeries } from "./buckets.ts";
import type { Aggregation } from "../analysis/agg.ts";
import type { ColdLevel } from "../read/cold-level.ts";
import { aggregatePoint, isUse, registerOfSamples, within } from "./aggregate.ts";
import { type ComputedColumns, computeFromHours, type LastSample } from "./compute-hours.ts";
import type { Carried } from "./fill.ts";
import { type JudgeablePoint, judgePoint } from "./judge-point.ts";
import { lastOfSeries } from "./last-samples.ts";
import { MAX_VALUES } from "../read/limits.ts";
import { inUnitOfNow, pastUnits, seriesInUnitOfNow } from "./past-units.ts";
import type { QueryPlan } from "./plan.ts";
import {
  dropProved,
  markProved,
  type MisplacedDay,
  type UnreadableDay,
  type UnreadableMonth,
} from "../read/read-block.ts";
import { lostDays, newTally, type ReadTally, readSamples } from "../read/read-samples.ts";

/** One point's answer. Columns of equal length; `min`, `max` and `count` exist only for aggregated samples. */
export interface QueriedSeries extends ComputedColumns {
  readonly point: JudgeablePoint;
}

export interface QueryAnswer {
  /** in the requested order */
  readonly series: readonly QueriedSeries[];
  /** stored samples that the answer is made of, hot and cold */
  readonly samples: number;
  readonly hot: ReadCost & { readonly samples: number };
  /** `samples` that are not also hot; `files` counts the files that were searched */
  readonly cold: RangeCost & { readonly samples: number; readonly files: number };
  /** of the points that can be judged */
  readonly completeness: Completeness;
  /** names of the points whose completeness is unknown */
  readonly unjudged: readonly string[];
  /** half-open ranges that are known to lack samples, ascending and disjoint */
  readonly missing: readonly TimeRange[];
  /** time before this was judged, epoch ms */
  readonly until: number;
  /** whether some storage could not be read */
  readonly partial: boolean;
  /** days that could not be read now, without those known to be unreadable */
  readonly unreadable: readonly UnreadableDay[];
  /** days whose rows of `block_days` are damaged */
  readonly misplaced: readonly MisplacedDay[];
  /** months whose file could not be read; their day files were read instead */
  readonly unreadableMonths: readonly UnreadableMonth[];
}

/**
 * Reads the planned data, merges hot over cold, and makes the series. Marks a day file that is not the published one as
 * suspect, and uses nothing of it.
 * @param now epoch ms
 * @param before where the last samples before the range are; null: not requested
 * @throws {Problem} `too_much_data` if there is more than planned; the error of D1
 */
export async function executeQuery(
  cold: ColdLevel,
  plan: QueryPlan<JudgeablePoint>,
  now: number,
  before: BeforeRange | null = null,
): Promise<QueryAnswer> {
  const { coverage } = plan;
  const tally = newTally(plan.stored.hotSamples);
  const carried = before === null ? NOTHING_BEFORE : await readBeforeRange(cold, plan.points, before, tally);
  const series = new Map<number, QueriedSeries>();
  const judged: Completeness[] = [];
  const unjudged = new Set<string>();
  const samples = { hot: 0, cold: 0 };
  let values = 0;
  for await (const computed of computeAll(cold, plan, tally, carried.last)) {
    samples.hot += computed.hot;
    samples.cold += computed.cold;
    if (computed.judged === null) unjudged.add(computed.point.name);
    else judged.push(computed.judged);
    const last = carried.last.get(computed.point.id);
    const carriedIn =
      last === undefined ? {} : { before: inUnitOfNow(pastUnits(computed.point), last.time, last.value) };
    series.set(computed.point.id, { point: computed.point, ...computed.columns, ...carriedIn });
    const { times, more = [] } = computed.columns;
    values += times.length * (1 + more.length);
    if (values > MAX_VALUES) {
      const detail = `The range holds more than ${MAX_VALUES} values: ask for a coarser interval or fewer points.`;
      throw new Problem("too_much_data", detail, "interval");
    }
  }
  const unreadable = [...tally.unreadable.values(), ...carried.unreadable];
  await markProved(cold, unreadable, now);
  const unreadableMonths = [...tally.months.values()];
  await dropProved(cold, unreadableMonths);
  const completeness = joinCompleteness(judged);
  const lost = tally.lost.filter((range) => overlap(range, plan.range)).map((range) => cut(range, plan.range));
  return {
    series: plan.points.flatMap(({ id }) => series.get(id) ?? []),
    samples: samples.hot + samples.cold,
    hot: { ...tally.hot, samples: samples.hot },
    cold: { ...tally.cold, samples: samples.cold, files: tally.files.size },
    completeness,
    unjudged: plan.points.flatMap(({ name }) => (unjudged.has(name) ? [name] : [])),
    missing: mergeRanges([...completeness.missing, ...coverage.uncovered, ...lost]),
    until: coverage.until,
    partial: lost.length > 0 || carried.isPartial,
    unreadable,
    misplaced: [...tally.misplaced.values()],
    unreadableMonths,
  };
}

async function* computeAll(
  cold: ColdLevel,
  plan: QueryPlan<JudgeablePoint>,
  tally: ReadTally,
  before: ReadonlyMap<number, LastSample>,
) {
  const { points, hourly, bounds } = plan;
  if (hourly.length > 0 && bounds !== null) yield* computeFromHours(cold, plan, bounds, tally, before);
  if (hourly.length < points.length) yield* computeFromSamples(cold, plan, tally, before);
}

function bucketed(raw: Series, bounds: Float64Array, turn: number | null, isCarried: boolean) {
  const columns: BucketedSeries & Carried = bucketSeries(raw, bounds, turn);
  return isCarried ? { ...columns, last: lastOfSeries(raw, columns.times) } : columns;
}

function seriesOfLast(point: JudgeablePoint, { time, value }: LastSample): Series {
  return { times: Float64Array.of(time), values: Float64Array.of(inUnitOfNow(pastUnits(point), time, value)) };
}

/** @param before the last sample before the range; undefined: none was found, or it was not searched */
function aggregated(
  point: JudgeablePoint & { readonly aggregation: Aggregation },
  read: Series,
  bounds: Float64Array,
  range: TimeRange,
  { before, until }: { readonly before: LastSample | undefined; readonly until: number },
) {
  const { aggregation, expectation, unit } = point;
  const isEarlier = before !== undefined && !(read.times[0]! <= before.time);
  const samples = isEarlier ? concatSeries([seriesOfLast(point, before), read]) : read;
  return aggregatePoint(
    aggregation,
    {
      buckets: bucketSeries(within(read, range), bounds, turnOf(unit)),
      register: isUse(aggregation) ? registerOfSamples(samples, aggregation.quantity) : null,
      samples,
    },
    { bounds, range, toleranceMs: expectation?.toleranceMs ?? null, until },
  );
}

/** Makes raw series, or buckets of the samples. */
async function* computeFromSamples(
  cold: ColdLevel,
  {
    range,
    readRange,
    bounds,
    hours,
    blocks,
    stored: { days, hotSamples },
    coverage,
    isCarried,
  }: QueryPlan<JudgeablePoint>,
  tally: ReadTally,
  before: ReadonlyMap<number, LastSample>,
) {
  for (const block of blocks) {
    const samples = await readSamples(cold, { range: readRange, hours, only: null, days, hotSamples }, block, tally);
    for (const point of block.points) {
      const { fromLower, ...stored } = samples.get(point.id) ?? { ...EMPTY_SERIES, fromLower: 0 };
      const read = seriesInUnitOfNow(pastUnits(point), stored);
      const raw = readRange === range ? read : within(read, range);
      const { aggregation } = point;
      const columns = (): ComputedColumns => {
        if (bounds === null) return raw;
        if (aggregation === undefined) return bucketed(raw, bounds, turnOf(point.unit), isCarried);
        return aggregated({ ...point, aggregation }, read, bounds, range, {
          before: before.get(point.id),
          until: coverage.until,
        });
      };
      yield {
        point,
        columns: columns(),
        hot: read.times.length - fromLower,
        cold: fromLower,
        judged: judgePoint(
          point,
          [{ hour: range.start, n: raw.times.length, times: raw.times }],
          range,
          coverage.until,
        ),
      };
    }
  }
  tally.lost.push(...coverage.unreadable, ...[...lostDays(tally)].map(dayRange));
}
