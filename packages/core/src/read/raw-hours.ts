import { HOUR_MS, hourOf } from "../domain/hour.ts";
import type { TimeRange } from "../domain/time-range.ts";
import type { Stored } from "./stored.ts";

/**
 * Starts of the UTC hours of a range that must be computed from samples: hours without complete aggregates, and the
 * first and last hour if the range cuts them.
 */
export function rawHours({ start, end }: TimeRange, { withoutRollups }: Pick<Stored, "withoutRollups">): number[] {
  const hours = new Set(withoutRollups.filter((hour) => hour + HOUR_MS > start && hour < end));
  if (start !== hourOf(start)) hours.add(hourOf(start));
  if (end !== hourOf(end)) hours.add(hourOf(end));
  return [...hours].sort((a, b) => a - b);
}
