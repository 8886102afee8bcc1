import { REJECTION_REASONS, type RejectedRecord } from "./rejection.ts";
import type { TimeRange } from "./time-range.ts";

/** Why upstream data is kept as a dead letter. The last reason is a page whose samples could not be written. */
export const DEAD_LETTER_REASONS = [...REJECTION_REASONS, "write_failed"] as const;

export type DeadLetterReason = (typeof DEAD_LETTER_REASONS)[number];

/** Retention of dead letters, in days. */
export const LETTER_DAYS = 7;

/** Where in the upstream a dead letter comes from. */
export interface SourcePage {
  readonly window: TimeRange;
  /** cursor of the request for its page; null: the window's first page */
  readonly cursor: string | null;
}

/** A page whose samples could not be written. The watermark stays, so the next sync asks for them again. */
export interface FailedWrite {
  readonly reason: "write_failed";
  /** the failed part of the sync */
  readonly stage: string;
  /** safe to show */
  readonly error: string;
  /** number of samples */
  readonly samples: number;
}

/** The data that was not stored. */
export interface DeadLetter {
  readonly siteId: number;
  /** null: the weather feed has no pages */
  readonly page: SourcePage | null;
  readonly about: RejectedRecord | FailedWrite;
}
