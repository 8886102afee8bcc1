import type { TimeRange } from "../domain/time-range.ts";

export const GAP_STATES = ["open", "repaired", "confirmed-empty"] as const;
export type GapState = (typeof GAP_STATES)[number];

/**
 * Why samples are missing.
 * - `point_silent`: the site's other points have samples
 * - `failed_window`: syncs failed at that time
 * - `upstream_empty`: the upstream was asked and proved at least once that it has no samples
 */
export const GAP_CAUSES = ["unknown", "point_silent", "failed_window", "upstream_empty"] as const;
export type GapCause = (typeof GAP_CAUSES)[number];

/** Point id of a gap of the whole site. */
export const WHOLE_SITE = 0;

/** State of asking the upstream about a gap. */
export interface GapInquiry {
  readonly attempts: number;
  /** epoch ms */
  readonly nextAttemptAt: number;
  readonly lastError: string | null;
  /** times that the upstream proved the whole gap empty */
  readonly proofs: number;
  /** begin of the proof in progress, epoch ms; null: none */
  readonly proofBeganAt: number | null;
  /** that proof covers the gap up to here, epoch ms */
  readonly provedTo: number | null;
  /**
   * Samples of the gap are arriving: the upstream was asked to the end up to here, epoch ms. The rest stays a gap,
   * however short, until it was asked for too.
   * null: no samples came, or all of the gap was asked for since
   */
  readonly filledTo: number | null;
}

/** A range that lacks expected samples: a row of `gaps`. */
export interface Gap extends TimeRange, GapInquiry {
  readonly siteId: number;
  /** {@link WHOLE_SITE}: all points */
  readonly pointId: number;
  /** exclusive; Infinity: the gap was ongoing at the last scan */
  readonly end: number;
  readonly state: GapState;
  readonly cause: GapCause;
  readonly detectedAt: number;
  readonly resolvedAt: number | null;
  /** samples that arrived in it since its detection */
  readonly recovered: number;
}
