import { HOUR_MS } from "./hour.ts";

/** How often a point sends, and who says so: the upstream's catalogue, or our measurement. */
export interface Cadence {
  /** seconds between samples; null: unknown, as of a point that sends only changes */
  readonly intervalS: number | null;
  readonly intervalSource: "configured" | "measured" | null;
}

/** What the samples of a point are judged by: in answers, coverage, quality and gaps alike. */
export interface Expectation {
  /** milliseconds between samples */
  readonly cadenceMs: number;
  /** the longest time between two samples that is no gap, milliseconds */
  readonly toleranceMs: number;
  /** the upstream promises each sample; else only gaps are missing, for nobody promised what lies between */
  readonly isPromised: boolean;
}

/** A gap lasts longer than this many cadences. */
const TOLERATED_CADENCES = 3;

/** Nobody promised a measured cadence, so a silence of less than an hour is no gap. */
const SHORTEST_MEASURED_MS = HOUR_MS;

/** @returns null: the cadence is unknown, so nothing can be said to be missing */
export function expectationOf({ intervalS, intervalSource }: Cadence): Expectation | null {
  // A configured interval of less than half a second is stored as 0.
  if (intervalS === null || intervalS <= 0) return null;
  const cadenceMs = intervalS * 1000;
  const isPromised = intervalSource === "configured";
  const tolerated = TOLERATED_CADENCES * cadenceMs;
  return { cadenceMs, toleranceMs: isPromised ? tolerated : Math.max(tolerated, SHORTEST_MEASURED_MS), isPromised };
}
