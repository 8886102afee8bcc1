import { formatLength } from "../chart/format.ts";

const MINUTE = 60_000;

/** A length of time in seconds, from a minute on in minutes: `12 s`, `2 min`, `3 h 5 min`. */
export function formatRoughLength(ms: number): string {
  const step = ms < MINUTE ? 1000 : MINUTE;
  return formatLength(Math.floor(Math.max(0, ms) / step) * step);
}

/** `2 min ago`. */
export function formatAgo(ms: number): string {
  return ms < 2000 ? "just now" : `${formatRoughLength(ms)} ago`;
}

/** `99.8%`; less than all never shows as 100%. @param share 0 to 1 */
export function shareText(share: number): string {
  return share >= 1 ? "100%" : `${(Math.floor(share * 1000 + 1e-9) / 10).toFixed(1)}%`;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/**
 * `Nov 22, 23:05 CST`: the zone's clock, with the year if it is not the present one. @param time and `now`: epoch ms
 */
export function formatTimeOfDay(zone: string, time: number, now: number): string {
  const hasYear = Math.abs(now - time) > 300 * 24 * 60 * MINUTE;
  const key = `${zone} ${hasYear}`;
  let format = formats.get(key);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-US", {
      ...(hasYear ? { year: "numeric" } : {}),
      month: "short",
      day: "numeric",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
      timeZoneName: "short",
      timeZone: zone,
    });
    formats.set(key, format);
  }
  return format.format(time);
}

/** Replaces ISO times in the API's texts by the zone's clock. @param now epoch ms */
export function withLocalTimes(text: string, zone: string, now: number): string {
  return text.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (time) => formatTimeOfDay(zone, Date.parse(time), now));
}

/** With a capital, unless it starts with a name. */
export function upperFirst(text: string): string {
  return /^[a-z]+[ ,]/.test(text) ? text[0]!.toUpperCase() + text.slice(1) : text;
}

const ALERTS: Readonly<Record<string, string>> = {
  error_rate: "Too many records are not stored",
  slow_sync: "The sync is slow",
  stale: "The data is not up to date",
  silent: "No new samples",
  unsettled: "A past day has not been checked against the source",
  backfill: "The backfill needs attention",
  database_size: "The database is nearly full",
  quality: "The quality of the data is poor",
  token_expiry: "The key of the building's API expires",
};

/** The subject of an alert. */
export function formatAlert(kind: string): string {
  return ALERTS[kind] ?? `Alert: ${kind.replaceAll("_", " ")}`;
}

const CAUSES: Readonly<Record<string, string>> = {
  unknown: "not known yet",
  point_silent: "the point is silent; others have samples",
  failed_window: "syncs failed at that time",
  upstream_empty: "the building's API has no samples so far",
};

/** The cause of missing samples. */
export function formatCause(cause: string): string {
  return CAUSES[cause] ?? cause.replaceAll("_", " ");
}
