import type { FaultPlan, LateRule, MissingHoursRule } from "./fault-plan.ts";
import { hash32, unitHash } from "../building/noise.ts";

/** The samples that the service shows at one moment. */
export interface Visibility {
  /** epoch microseconds; samples at or after it do not exist yet */
  readonly endUs: number;
  /** the points of a scrape with visible samples */
  pointsServed(points: ArrayLike<number>, timeUs: number): ArrayLike<number>;
}

/** The delay of a sample in ms; mostly 0. It depends on the second, because two samples of a point are never closer. */
export function latenessMs(rule: LateRule, seed: number, point: number, timeUs: number): number {
  const sample = hash32(hash32(seed, point), Math.floor(timeUs / 1_000_000));
  if (unitHash(sample, 1) >= rule.fraction) return 0;
  return rule.minDelayMs + unitHash(sample, 2) * (rule.maxDelayMs - rule.minDelayMs);
}

function isMissing(rule: MissingHoursRule, nowMs: number, timeMs: number): boolean {
  if (rule.healedAt !== undefined && nowMs >= rule.healedAt) return false;
  return rule.ranges.some(([start, end]) => start <= timeMs && timeMs < end);
}

export function visibilityAt(plan: FaultPlan, nowMs: number): Visibility {
  const missing = plan.rules.filter((rule) => rule.fault === "missing_hours");
  const late = plan.rules.filter((rule) => rule.fault === "late");
  const arrived = (point: number, timeUs: number): boolean =>
    late.every((rule, index) => timeUs / 1000 + latenessMs(rule, plan.seed + index, point, timeUs) <= nowMs);
  return {
    endUs: Math.floor(nowMs * 1000) + 1,
    pointsServed(points, timeUs) {
      if (missing.some((rule) => isMissing(rule, nowMs, timeUs / 1000))) return [];
      return late.length === 0 ? points : Array.from(points).filter((point) => arrived(point, timeUs));
    },
  };
}
