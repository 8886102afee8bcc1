/** What somebody is told of. */
export const ALERT_KINDS = [
  /** too many records of a site's last hour were rejected or could not be written */
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
  /** the mean score of a site's points on the last full day is too low */
  "quality",
  /** the key of the upstream API expires soon, or has */
  "token_expiry",
] as const;

export type AlertKind = (typeof ALERT_KINDS)[number];

export type AlertLevel = "firing" | "ok";

/** What is known of one thing at one time. */
export interface Condition {
  readonly kind: AlertKind;
  /** a site's name; null: the whole deployment */
  readonly site: string | null;
  readonly level: AlertLevel;
  /** what was measured, without secrets. The first line names no point; the lines after it may, and are for the webhook */
  readonly detail: string;
}

/** The part of a detail that anybody may read. */
export function openDetail(detail: string): string {
  return detail.split("\n")[0] ?? "";
}

/** A condition over time, and what somebody was told of it. Times are epoch ms. */
export interface AlertState extends Condition {
  /** since when it has this level; the detail is of then */
  readonly since: number;
  /** what was told last */
  readonly told: AlertLevel;
  /** when each level was told last; null: never */
  readonly firingSentAt: number | null;
  readonly okSentAt: number | null;
}

/** The same is not told twice within this time, in milliseconds, however often the level changes. */
export const QUIET_MS = 3_600_000;

/** The state after a condition was looked at. @param before null: it never was */
export function nextState(before: AlertState | null, condition: Condition, now: number): AlertState {
  if (before === null) return { ...condition, since: now, told: "ok", firingSentAt: null, okSentAt: null };
  return before.level === condition.level ? before : { ...before, ...condition, since: now };
}

/** Whether the level is to be told now: another one was told last, and this one not within {@link QUIET_MS}. */
export function isDue(state: AlertState, now: number): boolean {
  const last = state.level === "firing" ? state.firingSentAt : state.okSentAt;
  return state.level !== state.told && (last === null || now - last >= QUIET_MS);
}

/** The state after its level was told. */
export function afterTelling(state: AlertState, now: number): AlertState {
  const told = { ...state, told: state.level };
  return state.level === "firing" ? { ...told, firingSentAt: now } : { ...told, okSentAt: now };
}
