import { DAY_MS, dayStart } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import type { Series } from "../domain/samples.ts";
import { numberText } from "../store/segment-body.ts";

const HOURS_A_DAY = DAY_MS / HOUR_MS;

/** {@link hourAggregatesText} of a day without samples. */
export const NO_HOURS = "[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]";

/** The samples of one point in one UTC hour, summed up. */
export interface HourAggregate {
  /** number of samples, at least 1 */
  readonly n: number;
  readonly min: number;
  readonly max: number;
  /** of all samples; infinite where doubles have no room for it */
  readonly sum: number;
}

/** A day's 24 hours from 00:00 UTC; null: an hour without samples. */
export type HourAggregates = readonly (HourAggregate | null)[];

/**
 * Sums up a point's day by hours. @param series ascending in time, all of it in `day`
 * @throws {RangeError} for a sample of another day
 */
export function hourAggregates(series: Series, day: number): HourAggregates {
  const { times, values } = series;
  const start = dayStart(day);
  const hours: (HourAggregate | null)[] = Array.from({ length: HOURS_A_DAY }, () => null);
  for (let from = 0; from < times.length;) {
    const hour = Math.floor((times[from]! - start) / HOUR_MS);
    if (!(hour >= 0 && hour < HOURS_A_DAY)) throw new RangeError(`${times[from]!} is not in day ${day}`);
    const end = start + (hour + 1) * HOUR_MS;
    let to = from + 1;
    while (to < times.length && times[to]! < end) to++;
    hours[hour] = aggregate(values, from, to);
    from = to;
  }
  return hours;
}

/** Of values[from, to), which are not empty. */
export function aggregate(values: Float64Array, from: number, to: number): HourAggregate {
  const first = values[from]!;
  let min = first;
  let max = first;
  let constant = true;
  // Neumaier's sum: sums of decimals come out as people write them, and short as text.
  let sum = 0;
  let lost = 0;
  for (let i = from; i < to; i++) {
    const value = values[i]!;
    if (!Object.is(value, first)) constant = false;
    // Math.min and max tell -0 from 0
    min = Math.min(min, value);
    max = Math.max(max, value);
    const next = sum + value;
    lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
    sum = next;
  }
  const n = to - from;
  const exact = Number.isFinite(sum) ? sum + lost : sum;
  return { n, min, max, sum: constant ? constantSum(n, first) : exact };
}

/** What {@link parseHourAggregates} makes of an hour of equal values. */
function constantSum(n: number, value: number): number {
  return n * value;
}

/** JSON has no infinities; 1e999 reads as one. */
function jsonNumber(value: number): string {
  return Number.isFinite(value) ? numberText(value) : `${value < 0 ? "-" : ""}1e999`;
}

/**
 * The text that `point_days.hours` keeps: a JSON array of 24, each `0` (no samples), `[n,value]` (all samples are that
 * value, as of a setpoint) or `[n,min,max,sum]`. JSON, because SQL can read it and D1 hands blobs over as
 * arrays of numbers. About 100 bytes for a constant, 600 for a point that moves.
 */
export function hourAggregatesText(hours: HourAggregates): string {
  return `[${hours.map((hour) => (hour === null ? "0" : aggregateText(hour))).join()}]`;
}

/** One hour of {@link hourAggregatesText}. */
export function aggregateText({ n, min, max, sum }: HourAggregate): string {
  const isConstant = Object.is(max, min) && Object.is(sum, constantSum(n, min));
  const numbers = isConstant ? [min] : [min, max, sum];
  return `[${n},${numbers.map(jsonNumber).join()}]`;
}

/** A stored text that is not what we write. */
export class StoredHoursError extends Error {
  override readonly name = "StoredHoursError";
}

/**
 * The inverse of {@link hourAggregatesText}. Checked by hand: a year of 100 points is 876,000 hours.
 * @throws {StoredHoursError}
 */
export function parseHourAggregates(text: string): HourAggregates {
  let hours: unknown;
  try {
    hours = JSON.parse(text);
  } catch {
    throw new StoredHoursError("is no JSON");
  }
  if (!Array.isArray(hours) || hours.length !== HOURS_A_DAY)
    throw new StoredHoursError(`is no array of ${HOURS_A_DAY}`);
  return hours.map(parseHour);
}

function parseHour(hour: unknown, index: number): HourAggregate | null {
  if (hour === 0) return null;
  const numbers: unknown[] = Array.isArray(hour) ? hour : [];
  const [n, min, max = min, sum] = numbers;
  const isShort = numbers.length === 2;
  if (!(isShort || numbers.length === 4) || !isCount(n) || !isFinite(min) || !isFinite(max) || !(min <= max)) {
    throw new StoredHoursError(`hour ${index} is not what is written`);
  }
  if (isShort) return { n, min, max, sum: constantSum(n, min) };
  // JSON.parse reads 1e999 as infinite
  if (typeof sum !== "number") throw new StoredHoursError(`hour ${index} has no sum`);
  return { n, min, max, sum };
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) > 0 && Number(value) <= HOUR_MS;
}

function isFinite(value: unknown): value is number {
  return Number.isFinite(value);
}
