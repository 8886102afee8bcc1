import { DAY_MS } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { LATEST_MS } from "../domain/lateness.ts";
import type { TimeRange } from "../domain/time-range.ts";

/** Requests by a point's name that a site may take in an hour. */
export const POINTS_PER_HOUR = 20;

/** Windows for groups of late points that a site may take in an hour: a group that is an hour further behind catches up. */
export const GROUP_WINDOWS_PER_HOUR = 2;

/** The newest samples of a group lie within an hour, and each of its points is to gain an hour. Milliseconds. */
const GROUP_WINDOW_MS = 2 * HOUR_MS;

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

/** What a choice of points is made by. Times are epoch ms. */
export interface SilentAt {
  /** up to here the site has served */
  readonly front: number;
  readonly now: number;
}

/**
 * The points that are silent while the site is not, and may be asked for: longest waiting first. They may be late by more than the
 * lookback, and no window of the sync asks for that time again.
 */
export function silentPoints(points: readonly KnownPoint[], { front, now }: SilentAt): KnownPoint[] {
  const isDue = ({ nextAt }: KnownPoint) => nextAt === null || nextAt <= now;
  const isSilent = ({ newest, intervalS }: KnownPoint) => {
    const silentMs = intervalS === null ? SILENT_MS : SILENT_CADENCES * intervalS * 1000;
    return newest === null || newest < front - silentMs;
  };
  const waiting = points.filter((point) => isDue(point) && isSilent(point));
  return waiting.sort((a, b) => (a.nextAt ?? 0) - (b.nextAt ?? 0) || a.id - b.id);
}

/**
 * Which of them are asked for by name, and from when on.
 * @param initialLookbackMs how far back a point is asked for that never sent a sample
 */
export function inquiriesByName(silent: readonly KnownPoint[], now: number, initialLookbackMs: number): PointInquiry[] {
  return silent.slice(0, POINTS_PER_HOUR).map((point) => {
    return { point, from: Math.max(point.newest ?? now - initialLookbackMs, now - LATEST_MS) };
  });
}

/** A window of the whole site, in which points that are late together are looked for. */
export interface GroupWindow {
  readonly points: readonly KnownPoint[];
  readonly range: TimeRange;
}

/**
 * The hour in which most points continue whose newest samples lie within an hour of each other, as those of a gateway do that delivers
 * late. It costs a site's hour of pages, so a group has more points than may be asked for by name.
 * @returns null: there is no such group
 */
export function groupWindow(silent: readonly KnownPoint[], { front, now }: SilentAt): GroupWindow | null {
  const byNewest = silent
    .flatMap((point) =>
      point.newest === null || point.newest < now - LATEST_MS ? [] : [{ point, newest: point.newest }],
    )
    .sort((a, b) => a.newest - b.newest);
  let best = { first: 0, end: 0 };
  for (let first = 0, end = 0; first < byNewest.length; first++) {
    while (end < byNewest.length && byNewest[end]!.newest < byNewest[first]!.newest + HOUR_MS) end++;
    if (end - first > best.end - best.first) best = { first, end };
  }
  if (best.end - best.first <= POINTS_PER_HOUR) return null;
  const start = byNewest[best.first]!.newest;
  const points = byNewest.slice(best.first, best.end).map(({ point }) => point);
  return { points, range: { start, end: Math.min(start + GROUP_WINDOW_MS, front) } };
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
