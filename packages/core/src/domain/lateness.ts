import { DAY_MS } from "./day.ts";
import { HOUR_MS } from "./hour.ts";

/**
 * How late samples may be for a sync, or a request by a point's name, to look for them: milliseconds. Later ones are
 * found when their day is settled for the last time.
 */
export const LATEST_MS = 7 * DAY_MS;

/**
 * A site is late if half of its points lag by more than this, milliseconds. An hourly cadence alone is not lateness.
 */
const LATE_SITE_MS = HOUR_MS;

/** Progress of a site's sync. */
export interface SyncFront {
  /** all data served before this time is stored, epoch ms; null: no window has ended yet */
  readonly watermark: number | null;
  /** half of the points have served up to here, epoch ms; null: unknown */
  readonly servedTo: number | null;
}

/**
 * Up to here the site has served and the sync has stored all data, epoch ms: the watermark, or earlier if the whole
 * site is late.
 */
export function frontOf({ watermark, servedTo }: SyncFront): number | null {
  if (watermark === null || servedTo === null) return watermark;
  return servedTo < watermark - LATE_SITE_MS ? servedTo : watermark;
}
