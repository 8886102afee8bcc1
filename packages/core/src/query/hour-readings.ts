import { hoursOfDays, type Reading, readingsOfHour } from "../analysis/register.ts";
import { HOUR_MS } from "../domain/hour.ts";
import type { Series } from "../domain/samples.ts";
import type { TimeRange } from "../domain/time-range.ts";
import type { ParsedRollup } from "./rollups.ts";

/**
 * A meter's readings, ascending: of hourly aggregates, and of the samples of the other hours.
 * @param rollups of the point, ascending
 * @param raw the hours that were read as samples, as `series`; those without edges are among them
 */
export function* readingsOf(
  rollups: readonly ParsedRollup[],
  raw: ReadonlySet<number>,
  { times, values }: Series,
  { start, end }: TimeRange,
): Generator<Reading> {
  let at = 0;
  for (const hour of hoursOfDays(rollups)) {
    if (hour.hour < start || hour.hour + HOUR_MS > end || raw.has(hour.hour)) continue;
    for (; at < times.length && times[at]! < hour.hour; at++) yield [times[at]!, values[at]!];
    yield* readingsOfHour(hour);
  }
  for (; at < times.length; at++) yield [times[at]!, values[at]!];
}

/** Starts of the hours that fall more than once, epoch ms. */
export function hoursWithoutEdges(rollups: readonly ParsedRollup[]): number[] {
  return [...hoursOfDays(rollups)].filter(({ aggregate }) => aggregate.edges === null).map(({ hour }) => hour);
}
