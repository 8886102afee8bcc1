import { type HourAggregates, StoredHoursError } from "../rollups/hour-aggregates.ts";
import { StoredLocatorError } from "../parquet/locator.ts";
import { dayStart } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import type { PointRollup } from "../read/stored.ts";

/** A {@link PointRollup} with its parsed hours. */
export interface ParsedRollup extends Omit<PointRollup, "slice"> {
  readonly hours: HourAggregates;
}

/** Aggregates by point, ascending by day. */
export function rollupsByPoint(rollups: readonly PointRollup[]): Map<number, PointRollup[]> {
  const byPoint = Map.groupBy(rollups, ({ pointId }) => pointId);
  for (const ofPoint of byPoint.values()) ofPoint.sort((a, b) => a.day - b.day);
  return byPoint;
}

/** A point's day with damaged aggregates. */
export interface DamagedRollup {
  readonly day: number;
  readonly reason: string;
}

/** Parses aggregates. @returns the valid ones, in their order, and the damaged ones */
export function parseRollups(rollups: readonly PointRollup[]): {
  readonly parsed: ParsedRollup[];
  readonly damaged: DamagedRollup[];
} {
  const parsed: ParsedRollup[] = [];
  const damaged: DamagedRollup[] = [];
  for (const { pointId, day, isCold, slice } of rollups) {
    try {
      parsed.push({ pointId, day, isCold, hours: slice.hours });
    } catch (error) {
      if (!(error instanceof StoredHoursError || error instanceof StoredLocatorError)) throw error;
      damaged.push({ day, reason: error.message });
    }
  }
  return { parsed, damaged };
}

/** The hours in which some point's sum overflowed. Their mean cannot be computed, so their samples are read. */
export function overflownHours(rollups: readonly PointRollup[]): number[] {
  const overflown = rollups.filter(({ slice }) => slice.overflows);
  return parseRollups(overflown).parsed.flatMap(({ day, hours }) =>
    hours.flatMap((hour, index) =>
      hour === null || Number.isFinite(hour.sum) ? [] : [dayStart(day) + index * HOUR_MS],
    ),
  );
}
