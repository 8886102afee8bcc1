import { HOUR_MS, hourOf } from "../domain/hour.ts";
import type { TimeRange } from "../domain/time-range.ts";
import type { Stored } from "./stored.ts";

/**
 * The starts of the UTC hours of a range that must be computed from samples, in both levels: those of which the
 * aggregates do not know all, and the range's first and last where it has a part of them only.
 */
export function rawHours({ start, end }: TimeRange, { withoutRollups }: Pick<Stored, "withoutRollups">): number[] {
  const hours = new Set(withoutRollups.filter((hour) => hour + HOUR_MS > start && hour < end));
  if (start !== hourOf(start)) hours.add(hourOf(start));
  if (end !== hourOf(end)) hours.add(hourOf(end));
  return [...hours].sort((a, b) => a - b);
}
