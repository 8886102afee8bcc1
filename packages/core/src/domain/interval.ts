import { DAY_MS } from "./day.ts";
import { HOUR_MS } from "./hour.ts";

/** The resolutions a query may ask for. `raw` is the samples as they were stored; the others are buckets. */
export const INTERVALS = ["raw", "1min", "5min", "1hr", "1day"] as const;
export type Interval = (typeof INTERVALS)[number];

/** The nominal bucket length in milliseconds; a `1day` bucket is 23 or 25 hours long where clocks change. */
export const BUCKET_MS: Record<Exclude<Interval, "raw">, number> = {
  "1min": 60_000,
  "5min": 300_000,
  "1hr": HOUR_MS,
  "1day": DAY_MS,
};
