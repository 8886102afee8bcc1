/**
 * Why a record of the upstream API was not stored. A closed set: each dropped record counts under exactly one reason,
 * so fetched = stored + rejected.
 */
export const REJECTION_REASONS = [
  /** the point is not collect-enabled in the site's catalogue */
  "unconfigured",
  /** the value is null or missing */
  "null",
  /** the value is neither a number nor one of true/false/active/inactive */
  "non_numeric",
  /** the value is NaN, infinite, or too large for a double */
  "non_finite",
  /** the time is missing, not ISO 8601, or before 1970, which keys cannot hold */
  "bad_time",
  /** the time lies further ahead of our clock than FUTURE_TOLERANCE_MS */
  "future",
  /** the record is not an object, or has no point name that is Unicode text */
  "malformed",
  /** a later record of the same answer has another value for the point and millisecond; the later one is kept */
  "same_millisecond",
] as const;

export type RejectionReason = (typeof REJECTION_REASONS)[number];

/** Number of rejected records by reason. A reason that did not occur is absent. */
export type RejectionCounts = Partial<Record<RejectionReason, number>>;

/**
 * How far ahead of our clock a sample may be, in milliseconds. Gateways drift by seconds. A controller with a wrong
 * clock is off by hours or years, and would hide later samples behind a "latest" in the future.
 */
export const FUTURE_TOLERANCE_MS = 10 * 60_000;

export function countRejection(counts: RejectionCounts, reason: RejectionReason, n = 1): void {
  if (n > 0) counts[reason] = (counts[reason] ?? 0) + n;
}

export function addRejections(into: RejectionCounts, counts: RejectionCounts): void {
  for (const reason of REJECTION_REASONS) countRejection(into, reason, counts[reason] ?? 0);
}

export function totalRejected(counts: RejectionCounts): number {
  return REJECTION_REASONS.reduce((sum, reason) => sum + (counts[reason] ?? 0), 0);
}

/** Rejected records kept per reason, of a page and of a site's sync. All are counted. */
export const RECORDS_KEPT = 5;

/** Characters kept of a rejected record's JSON. A sample has about 100. */
const MAX_RECORD_CHARS = 1_000;

/** A rejected record, kept as an example of its reason. */
export interface RejectedRecord {
  readonly reason: RejectionReason;
  /** its JSON, cut after 1,000 characters */
  readonly record: string;
  /** its point if `unconfigured`: one dead letter a day per point is enough */
  readonly point?: string;
}

/** @param raw the record as parsed from the upstream's JSON */
export function recordText(raw: unknown): string {
  return JSON.stringify(raw).slice(0, MAX_RECORD_CHARS).toWellFormed();
}

/** Counts rejected records and keeps the first ones of each reason. */
export class Rejections {
  readonly counts: RejectionCounts = {};
  readonly records: RejectedRecord[] = [];

  add(reason: RejectionReason, raw: unknown): void {
    countRejection(this.counts, reason);
    if ((this.counts[reason] ?? 0) <= RECORDS_KEPT) this.records.push({ reason, record: recordText(raw) });
  }
}
