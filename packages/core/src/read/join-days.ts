import { concatSeries, type Series } from "../domain/samples.ts";
import type { TimeRange } from "../domain/time-range.ts";

/** The samples of a series in a range, as a view. */
export function sliceSamples({ times, values }: Series, { start, end }: TimeRange): Series {
  const from = firstAtOrAfter(times, start);
  const to = firstAtOrAfter(times, end);
  return { times: times.subarray(from, to), values: values.subarray(from, to) };
}

/** Joins series of consecutive days and cuts them to a range. */
export function joinDays(days: readonly Series[], range: TimeRange): Series {
  return concatSeries(days.map((day) => sliceSamples(day, range)));
}

function firstAtOrAfter(times: Float64Array, time: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times[middle]! < time) low = middle + 1;
    else high = middle;
  }
  return low;
}
