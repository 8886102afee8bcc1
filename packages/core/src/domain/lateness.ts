import { DAY_MS } from "./day.ts";

/**
 * How late samples may be that a sync, or a request by a point's name, still looks for: milliseconds. What comes later is found when its day
 * is settled for the last time.
 */
export const LATEST_MS = 7 * DAY_MS;
