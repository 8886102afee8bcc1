import type { AlertKind, Condition } from "./alert.ts";

export interface AlertThresholds {
  /** share of a site's records in the last hour */
  readonly errorPercent: number;
  readonly syncMs: number;
  /** lag of a site's watermark */
  readonly staleMs: number;
  /** age of a site's newest sample */
  readonly silentMs: number;
  /** how long a day of a site has been due to be settled */
  readonly unsettledMs: number;
  readonly databaseBytes: number;
  readonly tokenMs: number;
}

export interface SiteInput {
  readonly site: string;
  /** records that the API served in the last hour */
  readonly fetched: number;
  /** of these, records that could not be written, or were rejected for a reason other than `unconfigured` */
  readonly errors: number;
  /** the watermark; before the first one, the time of the first sync; epoch ms; null: neither exists */
  readonly completeTo: number | null;
  /** time of the newest sample that a sync stored, epoch ms; null: none */
  readonly newestSample: number | null;
  /** the first sync, epoch ms; null: none */
  readonly firstSync: number | null;
  /** when the oldest unsettled day became due, epoch ms (in the future if it is not due yet); null: no day waits */
  readonly dueSince: number | null;
  /** a paused site is never stale */
  readonly isPaused: boolean;
}

/** Inputs of the conditions. null: unknown, and the condition keeps its state. */
export interface AlertInputs {
  /** epoch ms */
  readonly now: number;
  readonly sites: readonly SiteInput[];
  /** duration of the sync that just ended, ms */
  readonly syncMs: number;
  /** why the last backfill failed or stands still; null: it did neither, or there was no backfill */
  readonly backfillFault: string | null;
  readonly databaseBytes: number | null;
  /** expiry of the API's key, epoch ms; null: the key does not contain it */
  readonly tokenExpiresAt: number | null;
}

/** Each condition fires above its threshold, not at it. */
export function conditionsOf(inputs: AlertInputs, thresholds: AlertThresholds): Condition[] {
  const { now, sites, syncMs, backfillFault, databaseBytes, tokenExpiresAt } = inputs;
  const conditions = sites.flatMap((site) => siteConditions(site, now, thresholds));
  const add = (kind: AlertKind, isFiring: boolean, detail: string) =>
    conditions.push(condition(kind, null, isFiring, detail));
  add("slow_sync", syncMs > thresholds.syncMs, `the last sync took ${seconds(syncMs)}`);
  add("backfill", backfillFault !== null, backfillFault ?? "the backfill is running or complete");
  if (databaseBytes !== null) {
    const megabytes = Math.round(databaseBytes / 1e6);
    add("database_size", databaseBytes > thresholds.databaseBytes, `the database holds ${megabytes} MB`);
  }
  const left = tokenExpiresAt === null ? Infinity : tokenExpiresAt - now;
  add("token_expiry", left < thresholds.tokenMs, tokenDetail(tokenExpiresAt, left));
  return conditions;
}

function siteConditions(input: SiteInput, now: number, thresholds: AlertThresholds): Condition[] {
  const { site, fetched, errors, completeTo, isPaused, dueSince } = input;
  const isErring = errors * 100 > fetched * thresholds.errorPercent;
  const rate = `${errors} of ${fetched} records of the last hour were rejected or could not be written`;
  const conditions = [condition("error_rate", site, isErring, rate)];
  const due = dueSince === null ? 0 : Math.max(0, now - dueSince);
  if (isPaused) {
    const kinds = ["stale", "silent", "unsettled"] as const;
    return [...conditions, ...kinds.map((kind) => condition(kind, site, false, "the sync is paused"))];
  }
  conditions.push(
    condition("unsettled", site, due > thresholds.unsettledMs, `a closed day has waited ${seconds(due)} to be built`),
  );
  const silent = silence(input, now);
  if (silent !== null) conditions.push(condition("silent", site, silent.ms > thresholds.silentMs, silent.detail));
  if (completeTo === null) return conditions;
  const lag = now - completeTo;
  const behind = `the data is complete up to ${new Date(completeTo).toISOString()}, ${seconds(lag)} ago`;
  return [...conditions, condition("stale", site, lag > thresholds.staleMs, behind)];
}

/** How long ago a site's newest sample is. @returns null: the site was never synced */
function silence({ newestSample, firstSync }: SiteInput, now: number): { ms: number; detail: string } | null {
  const since = newestSample ?? firstSync;
  if (since === null) return null;
  const ms = now - since;
  const at = new Date(since).toISOString();
  const never = `no sample arrived since the first sync at ${at}, ${seconds(ms)} ago`;
  return { ms, detail: newestSample === null ? never : `the newest sample is from ${at}, ${seconds(ms)} ago` };
}

/** The judgement of a site's last full day. */
export interface QualityInput {
  readonly site: string;
  /** YYYY-MM-DD */
  readonly date: string;
  /** 0 to 1 */
  readonly meanScore: number;
  /** number of points below the threshold for a poor score, and number of judged points */
  readonly poor: number;
  readonly judged: number;
  /** the worst points, each with its reasons as text */
  readonly worst: readonly { readonly name: string; readonly score: number; readonly reasons: readonly string[] }[];
}

/** Judged once a day, so not among the other conditions. Fires below the threshold, not at it. */
export function qualityCondition(input: QualityInput, threshold: number): Condition {
  const { site, date, meanScore, poor, judged, worst } = input;
  const oneLine = (name: string) => name.replace(/\p{Cc}/gu, " ");
  const named = worst.map(({ name, score, reasons }) => `${oneLine(name)} ${score} (${reasons.join(", ")})`).join("; ");
  const detail = `the mean quality of ${judged} points on ${date} was ${meanScore}, ${poor} of them are poor`;
  return condition("quality", site, meanScore < threshold, worst.length === 0 ? detail : `${detail}\nworst: ${named}`);
}

function condition(kind: AlertKind, site: string | null, isFiring: boolean, detail: string): Condition {
  return { kind, site, level: isFiring ? "firing" : "ok", detail };
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}

function tokenDetail(expiresAt: number | null, left: number): string {
  if (expiresAt === null) return "the API key does not contain an expiry";
  return `the API key ${left > 0 ? "expires" : "expired"} at ${new Date(expiresAt).toISOString()}`;
}
