import type { HourAggregates } from "../block-days/hour-aggregates.ts";
import { hexBytes } from "../block-days/hex.ts";
import { decodeSlice, overflows } from "../block-days/hour-slice.ts";
import { dayStart } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import type { PointRollup } from "./stored.ts";

/** A {@link PointRollup} that was read. */
export interface ParsedRollup extends Omit<PointRollup, "slice"> {
  readonly hours: HourAggregates;
}

/**
 * By point, ascending by day. They stay text until their point's turn: the objects of one statement's rows are three
 * times its text, and would outlive V8's young generation.
 */
export function rollupsByPoint(rollups: readonly PointRollup[]): Map<number, PointRollup[]> {
  return Map.groupBy(
    rollups.toSorted((a, b) => a.day - b.day),
    ({ pointId }) => pointId,
  );
}

/** @throws {StoredHoursError} for a slice that is not what we write */
export function parseRollups(rollups: readonly PointRollup[]): ParsedRollup[] {
  return rollups.map(({ slice, ...rollup }) => ({ ...rollup, hours: decodeSlice(hexBytes(slice)).hours }));
}

/** Hexadecimal digits of the bytes that tell whether a sum overflowed. */
const FLAGS_DIGITS = 4;

/**
 * The hours in which some point's sum has overflowed, so that no mean can be computed from it: they are to be read as samples.
 * @throws {StoredHoursError} for a slice that is not what we write
 */
export function overflownHours(rollups: readonly PointRollup[]): number[] {
  const overflown = rollups.filter(({ slice }) => overflows(hexBytes(slice.slice(0, FLAGS_DIGITS))));
  return parseRollups(overflown).flatMap(({ day, hours }) =>
    hours.flatMap((hour, index) => (hour === null || Number.isFinite(hour.sum) ? [] : [dayStart(day) + index * HOUR_MS])),
  );
}
