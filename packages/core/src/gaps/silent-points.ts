import { DAY_MS } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { LATEST_MS } from "../domain/lateness.ts";

/** Requests that a site may take in an hour. */
export const POINTS_AN_HOUR = 20;

/** A point is silent after so many of its cadences, in the time that the site as a whole has served. */
const SILENT_CADENCES = 3;

/** A point without a known cadence is silent after this, in milliseconds. */
const SILENT_MS = HOUR_MS;

/** The longest wait between two requests for one point, in milliseconds. */
const LONGEST_WAIT_MS = DAY_MS;

/** An hourly cron does not come to the millisecond. */
const HOURLY_MS = HOUR_MS - 300_000;

/** What is known of a collected point. Times are epoch ms. */
export interface KnownPoint {
  readonly id: number;
  readonly name: string;
  /** null: no cadence is known */
  readonly intervalS: number | null;
  /** time of its newest sample; null: it never sent one */
  readonly newest: number | null;
  /** requests in a row by its name that brought nothing new */
  readonly attempts: number;
  /** when it may be asked for by name again; null: it never was */
  readonly nextAt: number | null;
}

/** A point to ask for by name. */
export interface PointInquiry {
  readonly point: KnownPoint;
  /** from when on, epoch ms */
  readonly from: number;
}

/**
 * The points to ask for by name: those that are silent while the site is not, longest waiting first. They may be late by more than
 * the lookback, and no window of the sync asks for that time again.
 * @param front up to here the site has served, epoch ms
 * @param initialLookbackMs how far back a point is asked for that never sent a sample
 */
export function silentPoints(
  points: readonly KnownPoint[],
  {
    front,
    now,
    initialLookbackMs,
  }: { readonly front: number; readonly now: number; readonly initialLookbackMs: number },
): PointInquiry[] {
  const isDue = ({ nextAt }: KnownPoint) => nextAt === null || nextAt <= now;
  const isSilent = ({ newest, intervalS }: KnownPoint) => {
    const silentMs = intervalS === null ? SILENT_MS : SILENT_CADENCES * intervalS * 1000;
    return newest === null || newest < front - silentMs;
  };
  const waiting = points.filter((point) => isDue(point) && isSilent(point));
  waiting.sort((a, b) => (a.nextAt ?? 0) - (b.nextAt ?? 0) || a.id - b.id);
  return waiting.slice(0, POINTS_AN_HOUR).map((point) => {
    return { point, from: Math.max(point.newest ?? now - initialLookbackMs, now - LATEST_MS) };
  });
}

/** When a point may be asked for by name again: within the hour after new samples, then after 1, 2, 4, … hours, at most a day. */
export function afterInquiry(
  { attempts }: KnownPoint,
  isNew: boolean,
  now: number,
): { readonly attempts: number; readonly nextAt: number } {
  if (isNew) return { attempts: 0, nextAt: now + HOURLY_MS };
  const waitMs = Math.min(LONGEST_WAIT_MS, HOUR_MS * 2 ** Math.min(attempts, 10));
  return { attempts: attempts + 1, nextAt: now + waitMs - (HOUR_MS - HOURLY_MS) };
}
