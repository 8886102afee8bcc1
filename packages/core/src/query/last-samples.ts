import type { Series } from "../domain/samples.ts";
import type { HourPart } from "./hour-parts.ts";

/**
 * The last sample of each bucket that has some.
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

/**
 * The same of hours. The last sample of an hour that moved is not kept, so there it is the bucket's value.
 * @param means of the buckets
 */
export function lastOfHours(parts: readonly HourPart[], starts: Float64Array, means: Float64Array): Float64Array {
  let at = 0;
  return starts.map((_, i) => {
    const end = starts[i + 1] ?? Number.POSITIVE_INFINITY;
    while (at < parts.length && parts[at]!.hour < end) at++;
    const { min, max } = parts[at - 1]!.aggregate;
    return Object.is(min, max) ? min : means[i]!;
  });
}
