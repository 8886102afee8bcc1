import type { Expectation } from "./expectation.ts";
import { HOUR_MS } from "./hour.ts";
import type { Series } from "./samples.ts";
import { findSilences, type KnownHour } from "./silence.ts";
import { mergeRanges, type TimeRange } from "./time-range.ts";

/** How complete samples are. */
export interface Completeness {
  /** samples that the cadence leads to expect in the judged time */
  readonly expected: number;
  /** expected samples that exist; surplus samples do not make up for missing ones */
  readonly present: number;
  /** half-open ranges without a sample, ascending and disjoint: the same as the gaps of gap detection */
  readonly missing: TimeRange[];
}

/**
 * Judges a point's samples; some hours are known by their count only. No gap is found inside such an hour, and a gap
 * beside it ends at the hour.
 * @param hours those in `range` with samples, ascending
 * @param until epoch ms; later time is not judged, because its samples may still arrive
 */
export function judgeHours(
  hours: readonly KnownHour[],
  range: TimeRange,
  expected: Expectation,
  until: number,
): Completeness {
  const judged = { start: range.start, end: Math.min(range.end, until) };
  if (judged.end <= judged.start) return { expected: 0, present: 0, missing: [] };
  const missing = findSilences(hours, judged, expected.toleranceMs);
  const { cadenceMs } = expected;
  if (expected.isPromised) return { ...countSamples(hours, judged, cadenceMs), missing };
  // The samples between are not promised, so only time is counted.
  const lost = missing.reduce((sum, { start, end }) => sum + end - start, 0);
  const all = Math.floor((judged.end - judged.start) / cadenceMs);
  return { expected: all, present: all - Math.min(all, Math.floor(lost / cadenceMs)), missing };
}

/** {@link judgeHours} of samples. @param series the samples in `range` */
export function judgeSeries(series: Series, range: TimeRange, expected: Expectation, until: number): Completeness {
  const { times } = series;
  return judgeHours([{ hour: range.start, n: times.length, times }], range, expected, until);
}

function countSamples(hours: readonly KnownHour[], { start, end }: TimeRange, cadenceMs: number) {
  let judged = end - start;
  let present = 0;
  let counted = Number.NEGATIVE_INFINITY;
  /** A burst of samples counts once. A sensor that also sends on each change is no less silent afterwards. */
  const count = (time: number) => {
    if (time - counted <= cadenceMs / 2) return;
    present++;
    counted = time;
  };
  for (const { hour, n, times } of hours) {
    if (hour >= end) break;
    if (times !== null) {
      for (const time of times) {
        if (time >= end) break;
        if (time >= start) count(time);
      }
      continue;
    }
    // The count does not tell how many of its samples are before the end.
    if (hour + HOUR_MS > end) judged -= end - hour;
    else if (cadenceMs >= HOUR_MS) count(hour);
    else {
      present += Math.min(n, Math.ceil(HOUR_MS / cadenceMs));
      counted = hour + HOUR_MS - cadenceMs;
    }
  }
  // A stretch of less than a cadence may hold no sample.
  const expected = Math.floor(judged / cadenceMs);
  return { expected, present: Math.min(present, expected) };
}

/** Joins the results of several points: a stretch is missing if any point misses it. */
export function joinCompleteness(parts: readonly Completeness[]): Completeness {
  return {
    expected: parts.reduce((sum, part) => sum + part.expected, 0),
    present: parts.reduce((sum, part) => sum + part.present, 0),
    missing: mergeRanges(parts.flatMap((part) => part.missing)),
  };
}
