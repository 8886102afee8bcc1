import { HOUR_MS } from "../domain/hour.ts";
import type { Series } from "../domain/samples.ts";
import type { TimeRange } from "../domain/time-range.ts";

/** Aggregates of values over time: each value holds until the next sample. Columns of equal length, one value a bucket. */
export interface Held {
  /** time-weighted mean; NaN: no time is covered */
  readonly twa: Float64Array;
  /** value times hours */
  readonly integral: Float64Array;
  /** seconds with a value that is on; NaN: no time is covered */
  readonly durationOn: Float64Array;
  /** share of the bucket's time that is covered, 0 to 1 */
  readonly coverage: Float64Array;
}

/**
 * @param series ascending; may begin before the range, for the value that holds at its start
 * @param bounds of the buckets, cut by the range
 * @param holdMs how long a value holds at most; null: until the next sample
 * @param isOn whether a value is on
 * @param until later samples may still arrive, epoch ms: no value is known to hold beyond
 */
export function heldOf(
  { times, values }: Series,
  bounds: Float64Array,
  range: TimeRange,
  holdMs: number | null,
  isOn: (value: number) => boolean,
  until: number,
): Held {
  const size = bounds.length - 1;
  const column = () => new Float64Array(size);
  const [twa, integral, durationOn, coverage] = [column(), column(), column(), column()];
  let at = 0;
  for (let bucket = 0; bucket < size; bucket++) {
    const [from, to] = [Math.max(bounds[bucket]!, range.start), Math.min(bounds[bucket + 1]!, range.end)];
    const known = Math.min(to, until);
    while (at + 1 < times.length && times[at + 1]! <= from) at++;
    let [covered, area, on] = [0, 0, 0];
    for (let i = at; i < times.length && times[i]! < known; i++) {
      const next = times[i + 1] ?? Number.POSITIVE_INFINITY;
      const held = Math.min(next, known, holdMs === null ? Number.POSITIVE_INFINITY : times[i]! + holdMs);
      const ms = held - Math.max(times[i]!, from);
      if (ms <= 0) continue;
      covered += ms;
      area += values[i]! * ms;
      if (isOn(values[i]!)) on += ms;
    }
    const isKnown = covered > 0;
    twa[bucket] = isKnown ? area / covered : Number.NaN;
    integral[bucket] = isKnown ? area / HOUR_MS : Number.NaN;
    durationOn[bucket] = isKnown ? on / 1000 : Number.NaN;
    coverage[bucket] = to > from ? covered / (to - from) : 0;
  }
  return { twa, integral, durationOn, coverage };
}
