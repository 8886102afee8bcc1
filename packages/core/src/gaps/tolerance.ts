import { HOUR_MS } from "../domain/hour.ts";

/** As in answers (`MISSING_CADENCES` in query/completeness.ts): what is a gap here is `missing` there. */
const CADENCES = 3;

/** Points that may be silent for longer are not judged: what is looked at is a day and what is beside it. */
const LONGEST_MS = 12 * HOUR_MS;

/** Of a measured cadence: nobody promised it, so silences of less than an hour are none. */
const SHORTEST_MEASURED_MS = HOUR_MS;

/** Hours of which a measured cadence must be kept in nine out of ten; fewer tell nothing. */
const FEWEST_HOURS = 6;

export interface Cadence {
  readonly intervalS: number | null;
  readonly source: "configured" | "measured" | null;
}

/**
 * The longest time between two samples of a point that is no gap, in milliseconds; null: the point is not judged.
 *
 * The upstream's `collect_interval` is a promise, and three of them are a gap. A median that we measured is none: a point
 * that sends on change may be silent all night. So there the cadence is what nine of ten of its hours keep to.
 * @param counts samples of its last hours, but for those in which the whole site was silent; null: whatever they are, for
 * it has a gap whose end is looked for
 */
export function toleranceOf({ intervalS, source }: Cadence, counts: readonly number[] | null): number | null {
  if (intervalS === null || intervalS <= 0) return null;
  const promised = CADENCES * intervalS * 1000;
  let tolerance = promised;
  if (source !== "configured") {
    const kept = counts === null ? Number.POSITIVE_INFINITY : keptTo(counts);
    if (kept === 0) return null;
    tolerance = Math.max(promised, SHORTEST_MEASURED_MS, (CADENCES * HOUR_MS) / kept);
  }
  return tolerance > LONGEST_MS ? null : tolerance;
}

/** Samples an hour that nine out of ten hours have; 0: there are none, or it cannot be told. */
function keptTo(counts: readonly number[]): number {
  if (counts.length < FEWEST_HOURS) return 0;
  return counts.toSorted((a, b) => a - b)[Math.floor(counts.length / 10)] ?? 0;
}
