import type { TimeRange } from "../domain/time-range.ts";

export const GAP_STATES = ["open", "repaired", "confirmed-empty"] as const;
export type GapState = (typeof GAP_STATES)[number];

/**
 * Why samples are missing, as far as it is known. `point_silent`: the site's other points have samples; `failed_window`:
 * syncs failed then; `upstream_empty`: the upstream was asked, and proved to have none so far.
 */
export const GAP_CAUSES = ["unknown", "point_silent", "failed_window", "upstream_empty"] as const;
export type GapCause = (typeof GAP_CAUSES)[number];

/** In place of a point's id: the whole site. */
export const WHOLE_SITE = 0;

/** What was asked of the upstream about a gap. */
export interface GapInquiry {
  readonly attempts: number;
  /** epoch ms */
  readonly nextAttemptAt: number;
  readonly lastError: string | null;
  /** times that the upstream proved to have nothing for all of it */
  readonly proofs: number;
  /** when the proof that is under way began, epoch ms; null: none is */
  readonly proofBeganAt: number | null;
  /** up to where it has come, epoch ms */
  readonly provedTo: number | null;
  /**
   * samples are coming for it: up to where the upstream was asked to the end, epoch ms. What follows is a gap, however short,
   * until that was asked for too. null: none came, or all that there are
   */
  readonly filledTo: number | null;
}

/** A stretch without samples where there should be some: a row of `gaps`. */
export interface Gap extends TimeRange, GapInquiry {
  readonly siteId: number;
  /** {@link WHOLE_SITE}: of all points */
  readonly pointId: number;
  /** exclusive; Infinity: it went on at the last look */
  readonly end: number;
  readonly state: GapState;
  readonly cause: GapCause;
  readonly detectedAt: number;
  readonly resolvedAt: number | null;
  /** samples that came into it */
  readonly recovered: number;
}
