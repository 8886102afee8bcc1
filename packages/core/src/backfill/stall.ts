import { HOURS_PER_DAY } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";

/** No day takes this long, even with an upstream outage of a quarter of an hour, in milliseconds. */
const SHORTEST_STALL_MS = HOUR_MS;

/** A day may take this many times longer than the pace predicts. */
const PATIENCE = 3;

/** The pace of a job. */
interface Work {
  /** sites with pending days, which share the pace */
  readonly sites: number;
  /** requests of all sites, and the days that they were made for */
  readonly apiCalls: number;
  readonly days: number;
  /** current milliseconds between requests; null: no request was made yet */
  readonly intervalMs: number | null;
}

/** A site stalls after this time without a finished day, in milliseconds. */
export function stallMs({ sites, apiCalls, days, intervalMs }: Work): number {
  // an hour takes at least one request
  const callsADay = Math.max(HOURS_PER_DAY, days === 0 ? 0 : apiCalls / days);
  return Math.max(SHORTEST_STALL_MS, PATIENCE * callsADay * sites * (intervalMs ?? 0));
}
