import { dayStart, HOURS_PER_DAY } from "../domain/day.ts";
import { HOUR_MS, hourOf } from "../domain/hour.ts";
import type { Series } from "../domain/samples.ts";

/**
 * The ends of an hour's samples, and its only fall. With those of the neighbouring hours, they give the use of a counter.
 * An hour that falls more often is a gauge's, or has to be judged by its samples.
 */
export interface HourEdges {
  readonly first: number;
  readonly last: number;
  /** seconds from the start of the hour to the first sample, rounded down; 0 only for a sample at the very start, else 1 */
  readonly firstS: number;
  /** seconds from the start of the hour to the last sample, rounded down */
  readonly lastS: number;
  /** the two neighbouring samples between which the value falls; null: it never does */
  readonly fall: { readonly from: number; readonly to: number } | null;
}

/** The samples of one point in one UTC hour, aggregated. */
export interface HourAggregate {
  /** number of samples, at least 1 */
  readonly n: number;
  readonly min: number;
  readonly max: number;
  /** of all samples; infinite if it exceeds a double */
  readonly sum: number;
  /** null: the values fall more than once */
  readonly edges: HourEdges | null;
}

/** A day's 24 hours from 00:00 UTC; null: an hour without samples. */
export type HourAggregates = readonly (HourAggregate | null)[];

/**
 * Aggregates a point's day by hour. @param series ascending in time, all of it in `day`
 * @throws {RangeError} for a sample of another day
 */
export function hourAggregates(series: Series, day: number): HourAggregates {
  const { times } = series;
  const start = dayStart(day);
  const hours: (HourAggregate | null)[] = Array.from({ length: HOURS_PER_DAY }, () => null);
  for (let from = 0; from < times.length;) {
    const hour = Math.floor((times[from]! - start) / HOUR_MS);
    if (!(hour >= 0 && hour < HOURS_PER_DAY)) throw new RangeError(`time ${times[from]!} is not in day ${day}`);
    const end = start + (hour + 1) * HOUR_MS;
    let to = from + 1;
    while (to < times.length && times[to]! < end) to++;
    hours[hour] = aggregate(series, from, to);
    from = to;
  }
  return hours;
}

/** Aggregates the samples [from, to) of a series: at least one, and all of one UTC hour. */
export function aggregate({ times, values }: Series, from: number, to: number): HourAggregate {
  const first = values[from]!;
  let min = first;
  let max = first;
  let constant = true;
  // Neumaier's sum: sums of decimals stay short as text.
  let sum = 0;
  let lost = 0;
  let falls = 0;
  let fall: HourEdges["fall"] = null;
  for (let i = from; i < to; i++) {
    const value = values[i]!;
    if (i > from && value < values[i - 1]! && ++falls === 1) fall = { from: values[i - 1]!, to: value };
    if (!Object.is(value, first)) constant = false;
    // Math.min and Math.max distinguish -0 from 0.
    min = Math.min(min, value);
    max = Math.max(max, value);
    const next = sum + value;
    lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
    sum = next;
  }
  const n = to - from;
  const exact = Number.isFinite(sum) ? sum + lost : sum;
  // The sum of a constant hour can be computed, so it need not be stored.
  const start = hourOf(times[from]!);
  const edges = {
    first,
    last: values[to - 1]!,
    firstS: times[from] === start ? 0 : Math.max(1, Math.floor((times[from]! - start) / 1000)),
    lastS: Math.floor((times[to - 1]! - start) / 1000),
    fall,
  };
  return { n, min, max, sum: constant ? n * first : exact, edges: falls > 1 ? null : edges };
}

/** Stored aggregates that our writer cannot have made. */
export class StoredHoursError extends Error {
  override readonly name = "StoredHoursError";
}
