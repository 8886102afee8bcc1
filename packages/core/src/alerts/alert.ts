import { HOUR_MS } from "../domain/hour.ts";

/** The kinds of alerts. */
export const ALERT_KINDS = [
  /** more than the threshold of a site's records in the last hour were rejected or not written */
  "error_rate",
  /** the last sync took too long */
  "slow_sync",
  /** a site's watermark is too far behind */
  "stale",
  /** a site's newest sample is too old, or it never sent one */
  "silent",
  /** a closed day of a site waits too long to be built */
  "unsettled",
  /** the backfill failed, or stands still */
  "backfill",
  /** the database is nearly full */
  "database_size",
  /** a site's points had too low a mean score on the last full day */
  "quality",
  /** the key of the upstream API expires soon, or has expired */
  "token_expiry",
] as const;

export type AlertKind = (typeof ALERT_KINDS)[number];

export type AlertLevel = "firing" | "ok";

/** The state of one condition at one time. */
export interface Condition {
  readonly kind: AlertKind;
  /** a site's name; null: the whole deployment */
  readonly site: string | null;
  readonly level: AlertLevel;
  /** the measurement, without secrets. The first line names no point; later lines may, and go to the webhook only */
  readonly detail: string;
}

/** The part of a detail that is public: its first line. */
export function openDetail(detail: string): string {
  return detail.split("\n")[0] ?? "";
}

/** A condition over time, and the messages sent about it. Times are epoch ms. */
export interface AlertState extends Condition {
  /** start of this level; the detail is of that time */
  readonly since: number;
  /** the level sent last */
  readonly sent: AlertLevel;
  /** last time that each level was sent; null: never */
  readonly firingSentAt: number | null;
  readonly okSentAt: number | null;
}

/** An alert sends each level at most once within this time, in ms. */
export const QUIET_MS = HOUR_MS;

/** The state after a condition was measured. @param before null: this is the first measurement */
export function nextState(before: AlertState | null, condition: Condition, now: number): AlertState {
  if (before === null) return { ...condition, since: now, sent: "ok", firingSentAt: null, okSentAt: null };
  return before.level === condition.level ? before : { ...before, ...condition, since: now };
}

/** Whether to send the level now: another level was sent last, and this one not within {@link QUIET_MS}. */
export function isDue(state: AlertState, now: number): boolean {
  const last = state.level === "firing" ? state.firingSentAt : state.okSentAt;
  return state.level !== state.sent && (last === null || now - last >= QUIET_MS);
}

/** The state after its level was sent. */
export function afterTelling(state: AlertState, now: number): AlertState {
  const sent = { ...state, sent: state.level };
  return state.level === "firing" ? { ...sent, firingSentAt: now } : { ...sent, okSentAt: now };
}
