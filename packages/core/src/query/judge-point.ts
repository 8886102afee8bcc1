import type { StoredPoint } from "../catalog/point-list.ts";
import type { PastMeaning } from "../catalog/past-meanings.ts";
import { type Completeness, joinCompleteness, judgeHours } from "../domain/completeness.ts";
import { type Expectation, expectationOf } from "../domain/expectation.ts";
import { hourOf } from "../domain/hour.ts";
import type { KnownHour } from "../domain/silence.ts";
import type { TimeRange } from "../domain/time-range.ts";
import type { PlannedPoint } from "./plan-input.ts";

export interface JudgeablePoint extends PlannedPoint {
  /** null: no samples are expected */
  readonly expectation: Expectation | null;
  /** time of its first stored sample, epoch ms; null: none */
  readonly firstSeen: number | null;
  /** earlier meanings, ascending */
  readonly past: readonly PastMeaning[];
}

export function judgeablePoint(point: StoredPoint): JudgeablePoint {
  const { id, name, label, unit, firstSeen, past } = point;
  const expectation = expectationOf(point);
  return { id, name, label, unit, cadenceMs: expectation?.cadenceMs ?? null, expectation, firstSeen, past };
}

/**
 * Judges a point's part of an answer from its first sample on, as gap detection does. Applies a cadence that was
 * configured earlier to its own time, to the hour.
 * @param hours those in `range` with samples, ascending
 * @param until epoch ms; later time is not judged
 * @returns null: it cannot be judged
 */
export function judgePoint(
  { expectation, firstSeen, past }: JudgeablePoint,
  hours: readonly KnownHour[],
  range: TimeRange,
  until: number,
): Completeness | null {
  if (expectation === null) return null;
  const start = Math.min(range.end, Math.max(range.start, firstSeen ?? range.start));
  const stretches = cadencesIn({ start, end: range.end }, expectation, past);
  const [only] = stretches;
  if (only !== undefined && stretches.length === 1) return judgeHours(hours, only.range, only.expected, until);
  const judged = stretches.map(({ range: stretch, expected }) =>
    judgeHours(hoursIn(hours, stretch), stretch, expected, until),
  );
  return joinCompleteness(judged);
}

/**
 * The expectation in each part of a range, ascending. Before its configuration, a point is judged by its current
 * cadence.
 */
function cadencesIn({ start, end }: TimeRange, now: Expectation, past: readonly PastMeaning[]) {
  const stretches: { range: TimeRange; expected: Expectation }[] = [];
  const add = (to: number, expected: Expectation) => {
    const last = stretches.at(-1);
    const from = last?.range.end ?? start;
    if (last !== undefined && last.expected.cadenceMs === expected.cadenceMs) {
      stretches[stretches.length - 1] = { range: { start: last.range.start, end: to }, expected };
    } else if (to > from || last === undefined) stretches.push({ range: { start: from, end: to }, expected });
  };
  for (const { until, intervalS } of past) {
    const to = Math.min(end, hourOf(until));
    if (to > start) add(to, expectationOf({ intervalS, intervalSource: "configured" }) ?? now);
  }
  add(end, now);
  return stretches;
}

/** The hours, and samples of hours, in a part of the range. */
function hoursIn(hours: readonly KnownHour[], { start, end }: TimeRange): KnownHour[] {
  return hours.flatMap((known): KnownHour[] => {
    if (known.times === null) return known.hour >= hourOf(start) && known.hour < end ? [known] : [];
    const times = known.times.filter((time) => time >= start && time < end);
    return times.length === 0 ? [] : [{ hour: Math.max(known.hour, start), n: times.length, times }];
  });
}
