import { DAY_MS } from "../domain/day.ts";
import type { Series } from "../domain/samples.ts";
import { flatMs } from "./flat-line.ts";
import { countOutliers } from "./outliers.ts";
import type { PointDayQuality } from "./point-day-quality.ts";
import type { PointKind } from "./point-kind.ts";
import { scoreOf } from "./score.ts";
import type { Scratch } from "./scratch.ts";
import { markSpikes } from "./spikes.ts";
import { unitLimits } from "./unit-limits.ts";

/** What a point is judged by beside its samples. */
export interface JudgedPoint {
  readonly kind: PointKind;
  /** normalised symbol; null: none */
  readonly unit: string | null;
  /** milliseconds between samples; null: unknown */
  readonly cadenceMs: number | null;
}

/** Fewer samples do not say what is usual. */
const FEWEST = 24;

/** Samples further apart than this many cadences have a gap between them. */
const GAP_CADENCES = 3;

/**
 * Judges the samples of one point's UTC day. O(n) and without garbage.
 * @param series ascending in time, all of one day
 * @param late how many of them came late; null: not known
 */
export function judgeDay(series: Series, point: JudgedPoint, late: number | null, scratch: Scratch): PointDayQuality {
  const { kind, unit, cadenceMs } = point;
  const { times, values } = series;
  const actual = times.length;
  const limits = unitLimits(unit);
  const gapMs = cadenceMs === null ? Number.POSITIVE_INFINITY : GAP_CADENCES * cadenceMs;
  const counted = countExpected(times, cadenceMs);
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

/** As query/completeness.ts counts them. */
function countExpected(times: Float64Array, cadenceMs: number | null): Pick<PointDayQuality, "expected" | "missing"> {
  const expected = cadenceMs === null ? 0 : Math.floor(DAY_MS / cadenceMs);
  // a point that sends less than once a day may rightly have no sample
  if (cadenceMs === null || expected === 0) return { expected: null, missing: null };
  let present = 0;
  let counted = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < times.length; i++) {
    if (times[i]! - counted <= cadenceMs / 2) continue;
    counted = times[i]!;
    present++;
  }
  return { expected, missing: Math.max(0, expected - present) };
}
