import type { RejectionCounts } from "../domain/rejection.ts";

/** The part of a sync that went wrong. */
export type SyncStage = "state" | "catalog" | "weather" | "timeseries" | "store" | "internal";

export interface SyncError {
  readonly stage: SyncStage;
  /** a stable word: an AceError's kind, `empty_catalog`, `database` or `internal` */
  readonly code: string;
  /** safe to show: no secret, no body of the upstream */
  readonly message: string;
}

/**
 * What one sync of one site did. The records always balance:
 * recordsFetched = recordsInserted + recordsUnchanged + recordsFailed + the sum of recordsRejected.
 */
export interface SiteSyncResult {
  readonly site: string;
  /** records that the API served, weather values among them */
  recordsFetched: number;
  /** samples that changed what is stored: new ones, and ones that replaced another value */
  recordsInserted: number;
  /** of these, samples that replaced another value */
  recordsChanged: number;
  /** samples that were stored already */
  recordsUnchanged: number;
  /** samples that could not be written; their window is incomplete and will be asked for again */
  recordsFailed: number;
  /** records that are no samples of ours, by reason */
  readonly recordsRejected: RejectionCounts;
  /** distinct configured points that came with a sample */
  pointsProcessed: number;
  /** requests to the API, retries included */
  apiCalls: number;
  /** what the API was asked for, ISO-8601 UTC, half-open; null: nothing */
  window: { start: string; end: string } | null;
  /** true: the API proved that all up to `window.end` was served, it is stored, and the present is reached */
  complete: boolean;
  /** why it is not complete; `error` alone is an error: after `budget` and `page_limit` the next run goes on */
  incompleteBecause: "budget" | "page_limit" | "paused" | "error" | null;
  /** all that the API served with a time before this is stored, ISO-8601 UTC; null: nothing is */
  watermark: string | null;
  readonly errors: SyncError[];
}

/** What one run over the sites did: the answer of `POST /trigger`. */
export interface SyncResult {
  /** `sync_<epoch ms>_<random>` */
  readonly syncId: string;
  /** ISO-8601 UTC */
  readonly startTime: string;
  /** milliseconds */
  readonly duration: number;
  /** sites that this run did not come to; the next one begins with them */
  readonly sitesLeft: number;
  /** in the order in which they were begun; then those that were left, then those that are paused */
  readonly sites: SiteSyncResult[];
}

export function emptySiteResult(site: string): SiteSyncResult {
  return {
    site,
    recordsFetched: 0,
    recordsInserted: 0,
    recordsChanged: 0,
    recordsUnchanged: 0,
    recordsFailed: 0,
    recordsRejected: {},
    pointsProcessed: 0,
    apiCalls: 0,
    window: null,
    complete: false,
    incompleteBecause: null,
    watermark: null,
    errors: [],
  };
}
