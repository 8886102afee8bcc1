import { HOUR_MS } from "../domain/hour.ts";
import type { TimeRange } from "../domain/time-range.ts";
import { type Completeness, MISSING_CADENCES } from "./completeness.ts";
import type { HourPart } from "./hour-parts.ts";

/**
 * Judges a point by its cadence, as `judgeSeries` does, where of some hours only the number of samples is known. What is
 * said to be missing, is so: within such an hour no gap is seen, and one beside it reaches to the hour.
 * @param parts the hours in `range` that have samples, ascending
 * @param cadenceMs milliseconds between samples
 * @param until epoch ms: what lies after it, is not judged, for it may be yet to come
 */
export function judgeHours(
  parts: readonly HourPart[],
  range: TimeRange,
  cadenceMs: number,
  until: number,
): Completeness {
  const end = Math.min(range.end, until);
  if (end <= range.start) return { expected: 0, present: 0, missing: [] };
  const longest = MISSING_CADENCES * cadenceMs;
  const missing: TimeRange[] = [];
  let judged = end - range.start;
  let present = 0;
  let last = range.start;
  let counted = Number.NEGATIVE_INFINITY;
  const reach = (from: number, to: number) => {
    if (from - last > longest) missing.push({ start: last, end: from });
    last = to;
  };
  /** Samples that follow another too soon count once with it. */
  const count = (time: number) => {
    if (time - counted <= cadenceMs / 2) return;
    present++;
    counted = time;
  };
  for (const { hour, aggregate, times } of parts) {
    if (hour >= end) break;
    if (times !== null) {
      for (const time of times) {
        if (time >= end) break;
        reach(time, time);
        count(time);
      }
      continue;
    }
    reach(hour, Math.min(hour + HOUR_MS, end));
    // Which of its samples are before the end, is not known.
    if (hour + HOUR_MS > end) judged -= end - hour;
    else if (cadenceMs >= HOUR_MS) count(hour);
    else {
      present += Math.min(aggregate.n, Math.ceil(HOUR_MS / cadenceMs));
      counted = hour + HOUR_MS - cadenceMs;
    }
  }
  if (end - last > longest) missing.push({ start: last, end });
  const expected = Math.floor(judged / cadenceMs);
  return { expected, present: Math.min(present, expected), missing };
}
