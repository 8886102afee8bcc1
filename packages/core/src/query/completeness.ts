import type { Series } from "../domain/samples.ts";
import { mergeRanges, type TimeRange } from "../domain/time-range.ts";

/** A point is missing where it has no sample for longer than this many of its cadences. */
export const MISSING_CADENCES = 3;

/** How much of what should be there is there. */
export interface Completeness {
  /** samples that the cadence leads to expect in what was judged */
  readonly expected: number;
  /** of these, how many there are; samples beyond what is expected do not make up for others */
  readonly present: number;
  /** half-open stretches without a sample, ascending and disjoint */
  readonly missing: TimeRange[];
}

/**
 * Judges a series by its point's cadence.
 * @param series the samples in `range`
 * @param cadenceMs milliseconds between samples
 * @param until epoch ms: what lies after it, is not judged, for it may be yet to come
 */
export function judgeSeries(series: Series, range: TimeRange, cadenceMs: number, until: number): Completeness {
  const end = Math.min(range.end, until);
  if (end <= range.start) return { expected: 0, present: 0, missing: [] };
  const longest = MISSING_CADENCES * cadenceMs;
  const missing: TimeRange[] = [];
  let present = 0;
  let last = range.start;
  let counted = Number.NEGATIVE_INFINITY;
  for (const time of series.times) {
    if (time >= end) break;
    if (time - last > longest) missing.push({ start: last, end: time });
    last = time;
    // A burst of samples counts once: a sensor that sends on each change as well is no less silent afterwards.
    if (time - counted <= cadenceMs / 2) continue;
    present++;
    counted = time;
  }
  if (end - last > longest) missing.push({ start: last, end });
  // A stretch of less than a cadence may rightly hold no sample.
  const expected = Math.floor((end - range.start) / cadenceMs);
  return { expected, present: Math.min(present, expected), missing };
}

/** Joins the judgements of several points: a stretch is missing where any of them misses it. */
export function joinCompleteness(parts: readonly Completeness[]): Completeness {
  return {
    expected: parts.reduce((sum, part) => sum + part.expected, 0),
    present: parts.reduce((sum, part) => sum + part.present, 0),
    missing: mergeRanges(parts.flatMap((part) => part.missing)),
  };
}
