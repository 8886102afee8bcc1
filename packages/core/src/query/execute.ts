import { z } from "zod";
import { HOUR_MS } from "../domain/hour.ts";
import { Problem } from "../domain/problem.ts";
import { EMPTY_SERIES, type Series } from "../domain/samples.ts";
import type { TimeRange } from "../domain/time-range.ts";
import { withD1Retry } from "../d1/retry.ts";
import { type ReadCost, readSeries } from "../hot/read.ts";
import { hourOfKey } from "../hot/row-key.ts";
import { bucketBounds, bucketSeries } from "./buckets.ts";
import { type Completeness, joinCompleteness, judgeSeries } from "./completeness.ts";
import { MAX_VALUES, type Plan } from "./plan.ts";

export interface QueriedPoint {
  readonly id: number;
  readonly name: string;
  readonly unit: string | null;
  /** milliseconds between samples; null: unknown */
  readonly cadenceMs: number | null;
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
  readonly series: readonly QueriedSeries[];
  /** stored samples that the answer is made of */
  readonly samples: number;
  readonly hot: ReadCost & { readonly samples: number };
  /** of the points whose cadence is known; null: there are none */
  readonly completeness: Completeness | null;
}

/** Points read at a time, so that only their samples are in memory before they are aggregated. */
const POINTS_A_BLOCK = 10;

/** The stretch of whole hours that the hot level holds, of all sites; null: nothing. One statement. */
export async function readHotRange(db: D1Database): Promise<TimeRange | null> {
  const statement = db.prepare(
    "SELECT (SELECT min(hour_point) FROM sample_hours) AS first, (SELECT max(hour_point) FROM sample_hours) AS last",
  );
  const row = await withD1Retry(() => statement.first());
  const { first, last } = z.object({ first: z.int().nullable(), last: z.int().nullable() }).parse(row);
  return first === null || last === null ? null : { start: hourOfKey(first), end: hourOfKey(last) + HOUR_MS };
}

/**
 * Reads what was planned and makes the series of it.
 * @param until epoch ms: from there on, a sample that is not there is not yet missing
 * @throws {Problem} `too_much_data` when there is more than was planned for; the error of D1
 */
export async function executeQuery(
  db: D1Database,
  plan: Plan,
  points: readonly QueriedPoint[],
  range: TimeRange,
  timeZone: string,
  until: number,
): Promise<QueryAnswer> {
  const cost: ReadCost = { statements: 0, rowsRead: 0 };
  const bounds = plan.interval === "raw" ? null : bucketBounds(range, plan.interval, timeZone);
  const series: QueriedSeries[] = [];
  const judged: Completeness[] = [];
  let samples = 0;
  let values = 0;
  for (let first = 0; first < points.length; first += POINTS_A_BLOCK) {
    const block = points.slice(first, first + POINTS_A_BLOCK);
    const ids = block.map((point) => point.id);
    const read = plan.hot === null ? new Map<number, Series>() : await readSeries(db, ids, plan.hot.range, cost);
    for (const point of block) {
      const raw = read.get(point.id) ?? EMPTY_SERIES;
      samples += raw.times.length;
      if (point.cadenceMs !== null) judged.push(judgeSeries(raw, range, point.cadenceMs, until));
      const one = bounds === null ? { point, ...raw } : { point, ...bucketSeries(raw, bounds) };
      series.push(one);
      values += one.times.length;
      if (values > MAX_VALUES) {
        const detail = `The range holds more than ${MAX_VALUES} values: ask for a coarser interval or fewer points.`;
        throw new Problem("too_much_data", detail, "interval");
      }
    }
  }
  const completeness = judged.length === 0 ? null : joinCompleteness(judged);
  return { series, samples, hot: { ...cost, samples }, completeness };
}
