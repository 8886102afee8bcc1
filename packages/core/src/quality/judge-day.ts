import { judgeSeries } from "../domain/completeness.ts";
import { dayOf, dayRange } from "../domain/day.ts";
import type { Expectation } from "../domain/expectation.ts";
import type { Series } from "../domain/samples.ts";
import { flatMs } from "./flat-line.ts";
import { countOutliers } from "./outliers.ts";
import type { PointDayQuality } from "./point-day-quality.ts";
import type { PointKind } from "./point-kind.ts";
import { scoreOf } from "./score.ts";
import type { Scratch } from "./scratch.ts";
import { markSpikes } from "./spikes.ts";
import { unitLimits } from "./unit-limits.ts";

/** A point's metadata that its judgement depends on. */
export interface PointExpectations {
  readonly kind: PointKind;
  /** normalised symbol; null: none */
  readonly unit: string | null;
  /** null: no samples are expected */
  readonly expectation: Expectation | null;
}

/** Fewer samples do not show the usual range. */
const FEWEST = 24;

/**
 * Judges the samples of one point's UTC day in O(n), without allocating per sample.
 * @param series ascending in time, all of one day
 * @param late number of late samples; null: unknown
 */
export function judgeDay(
  series: Series,
  point: PointExpectations,
  late: number | null,
  scratch: Scratch,
): PointDayQuality {
  const { kind, unit, expectation } = point;
  const { times, values } = series;
  const actual = times.length;
  const limits = unitLimits(unit);
  const gapMs = expectation?.toleranceMs ?? Number.POSITIVE_INFINITY;
  const counted = countExpected(series, point);
  const isJudged = kind !== "set" && actual >= FEWEST;
  let inRange = actual;
  let spikes = null;
  let outliers = null;
  if (limits !== null) {
    scratch.reserve(actual);
    inRange = 0;
    for (let i = 0; i < actual; i++) {
      const value = values[i]!;
      if (value < limits.min || value > limits.max) continue;
      scratch.times[inRange] = times[i]!;
      scratch.values[inRange++] = value;
    }
    if (isJudged && limits.accuracy !== null) {
      spikes = markSpikes(scratch, inRange, limits.accuracy, gapMs);
      outliers = countOutliers(scratch, inRange, limits.accuracy);
    }
  }
  const mayBeStuck = isJudged && kind === "sensor" && limits !== null && limits.rest !== "anywhere";
  const judged = {
    ...counted,
    actual,
    outOfRange: limits === null ? null : actual - inRange,
    outliers,
    spikes,
    flatS: mayBeStuck ? Math.round(flatMs(series, gapMs, limits) / 1000) : null,
    late,
  };
  return { score: scoreOf(judged), ...judged };
}

function countExpected(
  series: Series,
  { expectation }: PointExpectations,
): Pick<PointDayQuality, "expected" | "missing"> {
  const first = series.times[0];
  if (expectation === null || first === undefined) return { expected: null, missing: null };
  const day = dayRange(dayOf(first));
  const judged = judgeSeries(series, day, expectation, day.end);
  // A point with a cadence of over a day may have no sample.
  if (judged.expected === 0) return { expected: null, missing: null };
  return { expected: judged.expected, missing: judged.expected - judged.present };
}
