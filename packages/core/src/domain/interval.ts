import { DAY_MS } from "./day.ts";
import { HOUR_MS } from "./hour.ts";

/** The resolutions of a query. `raw` returns stored samples; the others return buckets. */
export const INTERVALS = ["raw", "1min", "5min", "1hr", "1day"] as const;
export type Interval = (typeof INTERVALS)[number];

/** The nominal bucket length in milliseconds. A `1day` bucket has 23 or 25 hours where clocks change. */
export const BUCKET_MS: Record<Exclude<Interval, "raw">, number> = {
  "1min": 60_000,
  "5min": 300_000,
  "1hr": HOUR_MS,
  "1day": DAY_MS,
};
