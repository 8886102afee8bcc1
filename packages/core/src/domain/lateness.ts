import { DAY_MS } from "./day.ts";
import { HOUR_MS } from "./hour.ts";

/**
 * How late samples may be that a sync, or a request by a point's name, still looks for: milliseconds. What comes later is found when its day
 * is settled for the last time.
 */
export const LATEST_MS = 7 * DAY_MS;

/** A site is late as a whole where half of its points lag by more than this: an hourly cadence alone is no lateness. Milliseconds. */
const LATE_SITE_MS = HOUR_MS;

/** How far a site's sync has come. */
export interface SyncFront {
  /** all that the API served with a time before this is stored, epoch ms; null: no window has ended yet */
  readonly watermark: number | null;
  /** how far half of the points have served, epoch ms; null: it is not known */
  readonly servedTo: number | null;
}

/** Up to when a site has served and the sync has stored all, epoch ms: the watermark, unless the whole site is late. */
export function frontOf({ watermark, servedTo }: SyncFront): number | null {
  if (watermark === null || servedTo === null) return watermark;
  return servedTo < watermark - LATE_SITE_MS ? servedTo : watermark;
}
