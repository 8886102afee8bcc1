import type { RejectionCounts } from "../domain/rejection.ts";

/** The stage of a sync that failed. */
export type SyncStage = "state" | "catalog" | "weather" | "timeseries" | "store" | "internal";

export interface SyncError {
  readonly stage: SyncStage;
  /** a stable word: an AceError's kind, `empty_catalog`, `database` or `internal` */
  readonly code: string;
  /** safe to show: no secret, no body of the upstream */
  readonly message: string;
}

/**
 * The result of one sync of one site. The counts always balance: recordsFetched = recordsInserted + recordsUnchanged +
 * recordsFailed + the sum of recordsRejected.
 */
export interface SiteSyncResult {
  readonly site: string;
  /** records that the API served, weather values included */
  recordsFetched: number;
  /** samples that changed the store: new ones, and ones with another value */
  recordsInserted: number;
  /** of these, samples with another value */
  recordsChanged: number;
  /** samples that were stored already */
  recordsUnchanged: number;
  /** samples that could not be written; their window is incomplete and will be requested again */
  recordsFailed: number;
  /** records that were rejected, by reason */
  readonly recordsRejected: RejectionCounts;
  /** distinct configured points with a sample */
  pointsProcessed: number;
  /** requests to the API, retries included */
  apiCalls: number;
  /** the requested time, ISO-8601 UTC, half-open; null: nothing */
  window: { start: string; end: string } | null;
  /**
   * true: the API proved that it served everything up to `window.end`, all of it is stored, and the present is reached
   */
  complete: boolean;
  /** why it is not complete; only `error` is an error: after `budget` and `page_limit` the next run continues */
  incompleteBecause: "budget" | "page_limit" | "paused" | "error" | null;
  /** everything that the API served with a time before this is stored, ISO-8601 UTC; null: nothing is */
  watermark: string | null;
  readonly errors: SyncError[];
}

/** The result of one run over the sites: the answer of `POST /trigger`. */
export interface SyncResult {
  /** `sync_<epoch ms>_<random>` */
  readonly syncId: string;
  /** ISO-8601 UTC */
  readonly startTime: string;
  /** milliseconds */
  readonly duration: number;
  /** sites that this run did not reach; the next one starts with them */
  readonly sitesLeft: number;
  /** in the order in which they started; then the sites that were left, then the paused ones */
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
