import { HOUR_MS } from "./hour.ts";

/** How often a point sends samples, by the upstream's catalogue or by our measurement. */
export interface Cadence {
  /** seconds between samples; null: unknown, for example if a point sends changes only */
  readonly intervalS: number | null;
  readonly intervalSource: "configured" | "measured" | null;
}

/** Expected samples of a point, used alike by answers, coverage, quality and gaps. */
export interface Expectation {
  /** milliseconds between samples */
  readonly cadenceMs: number;
  /** the longest time between two samples that is not a gap, milliseconds */
  readonly toleranceMs: number;
  /** true: the upstream promises each sample; false: only gaps count as missing */
  readonly isPromised: boolean;
}

/** A gap lasts longer than this many cadences. */
export const TOLERATED_CADENCES = 3;

/** A measured cadence is not promised, so a silence of less than an hour is not a gap. */
const SHORTEST_MEASURED_MS = HOUR_MS;

/** @returns null: the cadence is unknown, so no sample is expected */
export function expectationOf({ intervalS, intervalSource }: Cadence): Expectation | null {
  // A configured interval below half a second is stored as 0.
  if (intervalS === null || intervalS <= 0) return null;
  const cadenceMs = intervalS * 1000;
  const isPromised = intervalSource === "configured";
  const tolerated = TOLERATED_CADENCES * cadenceMs;
  return { cadenceMs, toleranceMs: isPromised ? tolerated : Math.max(tolerated, SHORTEST_MEASURED_MS), isPromised };
}
