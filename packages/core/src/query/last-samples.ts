import { dayStart } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import type { Series } from "../domain/samples.ts";
import { constantOf, type HourPart } from "./hour-parts.ts";
import type { ParsedRollup } from "./rollups.ts";

/**
 * The last sample of each non-empty bucket.
 * @param starts of these buckets, ascending, epoch ms
 */
export function lastOfSeries({ times, values }: Series, starts: Float64Array): Float64Array {
  let at = 0;
  return starts.map((_, i) => {
    const end = starts[i + 1] ?? Number.POSITIVE_INFINITY;
    while (at < times.length && times[at]! < end) at++;
    return values[at - 1]!;
  });
}

/** The last sample of each bucket of hours; NaN: unknown. */
export function lastOfHours(parts: readonly HourPart[], starts: Float64Array): Float64Array {
  let at = 0;
  return starts.map((_, i) => {
    const end = starts[i + 1] ?? Number.POSITIVE_INFINITY;
    while (at < parts.length && parts[at]!.hour < end) at++;
    return parts[at - 1]!.last ?? Number.NaN;
  });
}

/**
 * The hours whose samples must be read for `locf`: an empty bucket follows their last sample, and the aggregate does
 * not hold it.
 * @param rollups of the point, ascending
 * @param bounds of `bucketBounds`, whole hours
 * @returns ascending, epoch ms
 */
export function hoursToCarry(rollups: readonly ParsedRollup[], bounds: Float64Array): number[] {
  const [first = 0, end = 0] = [bounds[0], bounds.at(-1)];
  const stored = rollups.flatMap(({ day, hours }) =>
    hours.flatMap((aggregate, index) => {
      const hour = dayStart(day) + index * HOUR_MS;
      return aggregate === null || hour < first || hour >= end
        ? []
        : [{ hour, isConstant: constantOf(aggregate) !== null }];
    }),
  );
  let bucket = 0;
  return stored.flatMap(({ hour, isConstant }, i) => {
    while (bounds[bucket + 1]! <= hour) bucket++;
    const next = stored[i + 1]?.hour ?? end;
    const emptyUntil = bounds[bucket + 2];
    return !isConstant && emptyUntil !== undefined && next >= emptyUntil ? [hour] : [];
  });
}
