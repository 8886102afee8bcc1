import { dayOf } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { LATEST_MS, type SyncFront } from "../domain/lateness.ts";
import { firstPiece, type TimeRange } from "../domain/time-range.ts";

/** Settings that decide which windows a sync asks for. */
export interface WindowSettings {
  /** how far before the watermark each window starts, for samples that came late: milliseconds */
  readonly lookbackMs: number;
  /** how far back a site's first sync reaches: milliseconds */
  readonly initialLookbackMs: number;
  /** a watermark that is further behind moves up to this lag, and the days between are left to settling: milliseconds */
  readonly maxLagMs: number;
}

/** New time in one window when a site is further behind than this; a day behind is 24 windows. */
const CATCH_UP_MS = HOUR_MS;

/**
 * The next window to ask the API for, half-open and up to now; null when there is none (the clock stands before the
 * watermark's lookback). It begins the lookback before the watermark; where the whole site has served less, the lookback before that.
 */
export function nextWindow(
  { watermark, servedTo }: SyncFront,
  now: number,
  settings: WindowSettings,
): TimeRange | null {
  const from = watermark ?? now - settings.initialLookbackMs;
  const isLate = watermark !== null && servedTo !== null && servedTo < watermark - settings.lookbackMs;
  const back = isLate ? Math.min(watermark, Math.max(servedTo, now - LATEST_MS)) : from;
  const start = watermark === null ? from : back - settings.lookbackMs;
  const { end } = firstPiece({ start: from, end: Math.max(from, now) }, CATCH_UP_MS);
  // A clock that stepped back must not make us ask for the future: the watermark then simply stays.
  const window = { start, end: Math.min(end, now) };
  return window.start < window.end ? window : null;
}

/** Time that a sync does not ask for. */
interface PassedOver {
  /** where the watermark moves to, epoch ms */
  readonly to: number;
  /** the days that are settled instead, ascending: whole days since 1970 */
  readonly days: readonly number[];
}

/**
 * What a sync leaves to settling, because it is too far behind: a day is cheaper to build as a whole than window by window.
 * @returns null: nothing
 */
export function passedOver(
  watermark: number | null,
  now: number,
  { lookbackMs, maxLagMs }: WindowSettings,
): PassedOver | null {
  if (watermark === null || now - watermark <= maxLagMs) return null;
  const to = now - maxLagMs;
  // the next window does not reach the late samples before the old watermark either
  const first = dayOf(watermark - lookbackMs);
  return { to, days: Array.from({ length: dayOf(to) - first + 1 }, (_, i) => first + i) };
}
