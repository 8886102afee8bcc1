import { DAY_MS } from "./day.ts";
import { HOUR_MS } from "./hour.ts";

/** The resolutions of a query, ascending. `raw` returns stored samples; the others return buckets. */
export const INTERVALS = ["raw", "1min", "5min", "15min", "30min", "1hr", "1day", "1week", "1month"] as const;
export type Interval = (typeof INTERVALS)[number];

/** The intervals that `auto` chooses from. The others are units of bills and calendars, used on request only. */
export const AUTO_INTERVALS = ["raw", "1min", "5min", "1hr", "1day"] as const satisfies readonly Interval[];

/** Grafana's names of intervals. */
export const INTERVAL_ALIASES: Readonly<Record<string, Interval>> = {
  "1m": "1min",
  "5m": "5min",
  "15m": "15min",
  "30m": "30min",
  "1h": "1hr",
  "1d": "1day",
  "1w": "1week",
  "1M": "1month",
};

/** The least length of a bucket in milliseconds, without clock changes. A day with a change has 22 to 26 hours. */
export const BUCKET_MS: Record<Exclude<Interval, "raw">, number> = {
  "1min": 60_000,
  "5min": 300_000,
  "15min": 900_000,
  "30min": 1_800_000,
  "1hr": HOUR_MS,
  "1day": DAY_MS,
  "1week": 7 * DAY_MS,
  "1month": 28 * DAY_MS,
};
