import { dayStart } from "../domain/day.ts";
import { HOUR_MS, hourOf } from "../domain/hour.ts";
import type { Series } from "../domain/samples.ts";
import type { HourAggregate } from "../rollups/hour-aggregates.ts";
import { type Fall, FALLS, stepOf } from "./counter.ts";

/**
 * The readings of a meter over a range, ascending. Columns of equal length; at least the first and last reading of each
 * hour, and both readings of each fall.
 */
export interface Register {
  /** epoch ms */
  readonly times: Float64Array;
  /** use since the first reading, with falls judged */
  readonly used: Float64Array;
  /** of the step to this reading: 0: a rise; else a bit of {@link FALL_BITS} */
  readonly falls: Uint8Array;
}

/** Bits of {@link Register.falls}. */
export const FALL_BITS: Readonly<Record<Fall, number>> = { dip: 1, rollover: 2, reset: 4, swapped: 8 };

/** A reading. Times of hours are in whole seconds. */
export type Reading = readonly [time: number, value: number];

/** The readings of samples. */
export function* readingsOfSamples({ times, values }: Series): Generator<Reading> {
  for (let i = 0; i < times.length; i++) yield [times[i]!, values[i]!];
}

/** An hour of a point by its aggregate. */
export interface AggregatedHour {
  /** start, epoch ms */
  readonly hour: number;
  readonly aggregate: HourAggregate;
}

/** The hours of days, ascending. */
export function* hoursOfDays(
  days: Iterable<{ readonly day: number; readonly hours: readonly (HourAggregate | null)[] }>,
): Generator<AggregatedHour> {
  for (const { day, hours } of days) {
    for (const [i, aggregate] of hours.entries()) {
      if (aggregate !== null) yield { hour: dayStart(day) + i * HOUR_MS, aggregate };
    }
  }
}

/** The readings of an hour: its ends, and those of its only fall between them. @throws {Error} for an hour without edges */
export function* readingsOfHour({ hour, aggregate: { n, edges } }: AggregatedHour): Generator<Reading> {
  if (edges === null) throw new Error(`the hour ${hour} has more than one fall: its samples are needed`);
  const { first, last, firstS, lastS, fall } = edges;
  const start = hour + 1000 * firstS;
  // Behind the first sample, which may be at an edge.
  const end = Math.max(start + 1, hour + 1000 * lastS);
  yield [start, first];
  // The fall is somewhere between both ends. Only the order matters within an hour.
  if (fall !== null) {
    yield [end, fall.from];
    yield [end, fall.to];
  }
  if (n > 1) yield [end, last];
}

/** @param isNet falls are use like rises, as of a meter that exports */
export function registerOf(readings: Iterable<Reading>, isNet: boolean): Register {
  const all = [...readings];
  const size = all.length;
  const register = { times: new Float64Array(size), used: new Float64Array(size), falls: new Uint8Array(size) };
  const largest = largestRise(all);
  // Neumaier's sum: a year of steps adds up to the difference of its ends.
  let [used, lost] = [0, 0];
  for (const [i, [time, value]] of all.entries()) {
    if (i > 0) {
      const before = all[i - 1]![1];
      const { use, fall } = isNet ? { use: value - before, fall: null } : stepOf(before, value, largest);
      const next = used + use;
      lost += Math.abs(used) >= Math.abs(use) ? used - next + use : use - next + used;
      used = next;
      register.falls[i] = fall === null ? 0 : FALL_BITS[fall];
    }
    register.times[i] = time;
    register.used[i] = used + lost;
  }
  return register;
}

/** The largest rise within a UTC hour or from one to the next: samples and aggregates of hours give the same. */
function largestRise(readings: readonly Reading[]): number {
  let [most, inHour] = [0, 0];
  for (let i = 1; i < readings.length; i++) {
    const [[before, from], [time, to]] = [readings[i - 1]!, readings[i]!];
    const rise = Math.max(0, to - from);
    const isSameHour = hourOf(before) === hourOf(time);
    if (!isSameHour) inHour = 0;
    else inHour += rise;
    most = Math.max(most, isSameHour ? inHour : rise);
  }
  return most;
}

/** The names of the falls in a set of bits, in their order. */
export function fallsIn(bits: number): Fall[] {
  return FALLS.filter((fall) => (bits & FALL_BITS[fall]) !== 0);
}
