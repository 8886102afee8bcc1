import type { Interval } from "@building-vitals/core/domain/interval";
import type { TimeRange } from "@building-vitals/core/domain/time-range";
import type { QueryAnswer } from "@building-vitals/core/query/execute";

/** What an answer says of itself: where it comes from, and what it lacks. */
export interface Metadata {
  readonly interval: Interval;
  /** stored samples that the answer is made of */
  readonly total_samples: number;
  readonly sources: readonly "D1"[];
  readonly storage_tiers: {
    readonly hot: { readonly samples: number; readonly statements: number; readonly rows_read: number };
  };
  /**
   * 0..1: samples present of those that the points' cadences lead to expect up to `pending`, rounded down, so that 1
   * means all; null: none was to be expected, or no cadence is known
   */
  readonly completeness: number | null;
  /** [start, end) in epoch ms, before `pending`: a point has no sample for more than three of its cadences */
  readonly missing: readonly (readonly [number, number])[];
  /** [start, end) in epoch ms: not known to be whole yet, for the sync has not come so far; null: all of it is */
  readonly pending: readonly [number, number] | null;
  /** true: a part of the storage could not be read */
  readonly partial: boolean;
  readonly cache_hit: boolean;
  readonly query_time_ms: number;
}

/**
 * @param watermark all before it is stored, epoch ms
 * @param queryTimeMs time from the request to the last read
 */
export function metadataOf(
  answer: QueryAnswer,
  interval: Interval,
  range: TimeRange,
  watermark: number,
  queryTimeMs: number,
): Metadata {
  const { completeness, samples, hot } = answer;
  const known = completeness !== null && completeness.expected > 0;
  const pendingFrom = Math.max(range.start, watermark);
  return {
    interval,
    total_samples: samples,
    sources: samples > 0 ? ["D1"] : [],
    storage_tiers: { hot: { samples: hot.samples, statements: hot.statements, rows_read: hot.rowsRead } },
    completeness: known ? Math.floor((completeness.present / completeness.expected) * 10_000) / 10_000 : null,
    missing: completeness?.missing.map(({ start, end }) => [start, end]) ?? [],
    pending: pendingFrom < range.end ? [pendingFrom, range.end] : null,
    // The one tier there is answers whole or not at all: a read that fails is an error, not a short answer.
    partial: false,
    cache_hit: false,
    query_time_ms: queryTimeMs,
  };
}
