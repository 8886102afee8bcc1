import { HOURS_PER_DAY } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";

/** No day takes so long, an upstream that is out of order for a quarter of an hour included, in milliseconds. */
const SHORTEST_STALL_MS = HOUR_MS;

/** How many times longer than its pace leads to expect a day may take. */
const PATIENCE = 3;

/** The pace of a job. */
interface Work {
  /** sites that have days left, which share the pace */
  readonly sites: number;
  /** requests, and days that they were for, of all sites */
  readonly apiCalls: number;
  readonly days: number;
  /** milliseconds between requests that the pace allows now; null: nothing was asked yet */
  readonly intervalMs: number | null;
}

/** How long a site may be without a finished day before it counts as standing still, in milliseconds. */
export function stallMs({ sites, apiCalls, days, intervalMs }: Work): number {
  // an hour is one request at least
  const callsADay = Math.max(HOURS_PER_DAY, days === 0 ? 0 : apiCalls / days);
  return Math.max(SHORTEST_STALL_MS, PATIENCE * callsADay * sites * (intervalMs ?? 0));
}
