import type { StoredPoint } from "../catalog/point-list.ts";
import { type Completeness, judgeHours } from "../domain/completeness.ts";
import { type Expectation, expectationOf } from "../domain/expectation.ts";
import type { KnownHour } from "../domain/silence.ts";
import type { TimeRange } from "../domain/time-range.ts";
import type { PlannedPoint } from "./plan.ts";

export interface JudgeablePoint extends PlannedPoint {
  /** null: nothing is known to be expected */
  readonly expectation: Expectation | null;
  /** time of its first stored sample, epoch ms; null: it has none */
  readonly firstSeen: number | null;
}

export function judgeablePoint(point: StoredPoint): JudgeablePoint {
  const { id, name, unit, firstSeen } = point;
  const expectation = expectationOf(point);
  return { id, name, unit, cadenceMs: expectation?.cadenceMs ?? null, expectation, firstSeen };
}

/**
 * Judges a point's part of an answer, from its first sample on, as gap detection does.
 * @param hours those in `range` that have samples, ascending
 * @param until epoch ms: what lies after it is not judged
 * @returns null: it cannot be judged
 */
export function judgePoint(
  { expectation, firstSeen }: JudgeablePoint,
  hours: readonly KnownHour[],
  range: TimeRange,
  until: number,
): Completeness | null {
  if (expectation === null) return null;
  const start = Math.min(range.end, Math.max(range.start, firstSeen ?? range.start));
  return judgeHours(hours, { start, end: range.end }, expectation, until);
}
