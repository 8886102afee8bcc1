import { DAY_MS } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { LATEST_MS } from "../domain/lateness.ts";
import type { TimeRange } from "../domain/time-range.ts";

/** Limit of requests by a point's name, per site and hour. */
export const POINTS_PER_HOUR = 20;

/**
 * Limit of windows for groups of late points, per site and hour. With two, a group that is an hour further behind
 * catches up.
 */
export const GROUP_WINDOWS_PER_HOUR = 2;

/** Length of a group's window, ms: its newest samples span an hour, and each point gains at least an hour. */
const GROUP_WINDOW_MS = 2 * HOUR_MS;

/** A point is silent after this many of its cadences, measured back from the end of the site's data. */
const SILENT_CADENCES = 3;

/** A point without a known cadence is silent after this, in milliseconds. */
const SILENT_MS = HOUR_MS;

/** Longest wait between two requests for a point, milliseconds. */
const LONGEST_WAIT_MS = DAY_MS;

/** Wait until the next hourly run, which may start a few minutes early. */
const HOURLY_MS = HOUR_MS - 300_000;

/** A collected point. Times are epoch ms. */
export interface KnownPoint {
  readonly id: number;
  readonly name: string;
  /** seconds; null: unknown */
  readonly intervalS: number | null;
  /** time of its newest sample; null: none */
  readonly newest: number | null;
  /** consecutive requests by name without new samples */
  readonly attempts: number;
  /** earliest time of the next request by name; null: never asked for */
  readonly nextAt: number | null;
}

/** A request for a point by name. */
export interface PointInquiry {
  readonly point: KnownPoint;
  /** start of the requested range, epoch ms */
  readonly from: number;
}

/** Times that decide which points are silent, epoch ms. */
export interface SilentAt {
  /** the site's data is served up to here */
  readonly front: number;
  readonly now: number;
}

/**
 * Points that are silent while the site is not, and due for a request, longest waiting first.
 * They may be later than the lookback, so no sync window asks for that time again.
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
 * The requests by name.
 * @param initialLookbackMs how far back to ask for a point without samples
 */
export function inquiriesByName(silent: readonly KnownPoint[], now: number, initialLookbackMs: number): PointInquiry[] {
  return silent.slice(0, POINTS_PER_HOUR).map((point) => {
    return { point, from: Math.max(point.newest ?? now - initialLookbackMs, now - LATEST_MS) };
  });
}

/** A window of the whole site, read for points that are late together. */
export interface GroupWindow {
  readonly points: readonly KnownPoint[];
  readonly range: TimeRange;
}

/**
 * The window that continues the most points whose newest samples lie within one hour. Points of one late gateway do.
 * It costs an hour of the site's pages, so it needs more points than {@link POINTS_PER_HOUR}.
 * @returns null: no such group
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

/**
 * When to ask for a point by name again: an hour after new samples, otherwise after 1, 2, 4, … hours, at most a day.
 */
export function afterInquiry(
  { attempts }: KnownPoint,
  isNew: boolean,
  now: number,
): { readonly attempts: number; readonly nextAt: number } {
  if (isNew) return { attempts: 0, nextAt: now + HOURLY_MS };
  const waitMs = Math.min(LONGEST_WAIT_MS, HOUR_MS * 2 ** Math.min(attempts, 10));
  return { attempts: attempts + 1, nextAt: now + waitMs - (HOUR_MS - HOURLY_MS) };
}
