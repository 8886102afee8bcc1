import { type HourAggregates, parseHourAggregates } from "../cold/hour-aggregates.ts";
import { dayStart } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import type { PointRollup } from "./stored.ts";

/** A {@link PointRollup} that was read. */
export interface ParsedRollup extends Omit<PointRollup, "hours"> {
  readonly hours: HourAggregates;
}

/** By point, ascending by day. @throws {StoredHoursError} for what is not written by us */
export function parseRollups(rollups: readonly PointRollup[]): Map<number, ParsedRollup[]> {
  const parsed = rollups.map((rollup) => ({ ...rollup, hours: parseHourAggregates(rollup.hours) }));
  return Map.groupBy(
    parsed.sort((a, b) => a.day - b.day),
    ({ pointId }) => pointId,
  );
}

/**
 * The hours of which some point's sum has overflowed, so that no mean can be had of it: they are to be read as samples.
 */
export function overflownHours(rollups: Iterable<readonly ParsedRollup[]>): number[] {
  const found: number[] = [];
  for (const ofPoint of rollups) {
    for (const { day, hours } of ofPoint) {
      for (const [index, hour] of hours.entries()) {
        if (hour !== null && !Number.isFinite(hour.sum)) found.push(dayStart(day) + index * HOUR_MS);
      }
    }
  }
  return found;
}
