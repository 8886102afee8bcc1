import { REJECTION_REASONS, type RejectedRecord } from "./rejection.ts";
import type { TimeRange } from "./time-range.ts";

/** Why something that the upstream served is kept as a dead letter. A page whose samples could not be written, last. */
export const DEAD_LETTER_REASONS = [...REJECTION_REASONS, "write_failed"] as const;

export type DeadLetterReason = (typeof DEAD_LETTER_REASONS)[number];

/** How long letters are kept, in days. */
export const LETTER_DAYS = 7;

/** Where in the upstream a letter comes from. */
export interface SourcePage {
  readonly window: TimeRange;
  /** what its page was asked for with; null: the window's first page */
  readonly cursor: string | null;
}

/** A page whose samples could not be written. The watermark stays, so the next sync asks for them again. */
export interface FailedWrite {
  readonly reason: "write_failed";
  /** the part of the sync that failed */
  readonly stage: string;
  /** safe to show */
  readonly error: string;
  /** number of samples */
  readonly samples: number;
}

/** What was not stored. */
export interface DeadLetter {
  readonly siteId: number;
  /** null: the weather feed, which has no pages */
  readonly page: SourcePage | null;
  readonly about: RejectedRecord | FailedWrite;
}
