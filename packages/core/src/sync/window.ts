import { dayOf } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { LATEST_MS, type SyncFront } from "../domain/lateness.ts";
import { firstPiece, type TimeRange } from "../domain/time-range.ts";

/** Settings that decide which windows a sync requests. */
export interface WindowSettings {
  /** how far before the watermark each window starts, for late samples, in ms */
  readonly lookbackMs: number;
  /** how far back a site's first sync reaches, in ms */
  readonly initialLookbackMs: number;
  /** a watermark further behind moves up to this lag, and the days between are left to settling, in ms */
  readonly maxLagMs: number;
}

/** New time in one window of a site further behind than this; a day behind is 24 windows. */
const CATCH_UP_MS = HOUR_MS;

/**
 * The next window to request, half-open and up to now; null: none (the clock is before the watermark's lookback). It
 * starts the lookback before the watermark, or before `servedTo` if the whole site is late.
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
  // A clock that stepped back must not request future time: the watermark then stays.
  const window = { start, end: Math.min(end, now) };
  return window.start < window.end ? window : null;
}

/** Time that a sync does not request. */
interface PassedOver {
  /** new position of the watermark, epoch ms */
  readonly to: number;
  /** the days that are settled instead, ascending: whole days since 1970 */
  readonly days: readonly number[];
}

/**
 * The days that a sync leaves to settling because it is too far behind: building a whole day is cheaper than its
 * windows.
 * @returns null: none
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
