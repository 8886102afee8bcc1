import { type HourAggregates, parseHourAggregates } from "../cold/hour-aggregates.ts";
import { dayStart } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import type { PointRollup } from "./stored.ts";

/** A {@link PointRollup} that was read. */
export interface ParsedRollup extends Omit<PointRollup, "hours"> {
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

/** @throws {StoredHoursError} for what is not written by us */
export function parseRollups(rollups: readonly PointRollup[]): ParsedRollup[] {
  return rollups.map((rollup) => ({ ...rollup, hours: parseHourAggregates(rollup.hours) }));
}

/** A number of 1e100 or more, as we write it: no sum overflows without one. */
const VERY_LARGE = /e\+?\d{3}/;

/**
 * The hours of which some point's sum has overflowed, so that no mean can be had of it: they are to be read as samples.
 * @throws {StoredHoursError} for what is not written by us
 */
export function overflownHours(rollups: readonly PointRollup[]): number[] {
  return parseRollups(rollups.filter(({ hours }) => hours.includes("e") && VERY_LARGE.test(hours))).flatMap(
    ({ day, hours }) =>
      hours.flatMap((hour, index) =>
        hour === null || Number.isFinite(hour.sum) ? [] : [dayStart(day) + index * HOUR_MS],
      ),
  );
}
