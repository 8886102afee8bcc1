import { HOUR_MS } from "../domain/hour.ts";
import { firstPiece, type TimeRange } from "../domain/time-range.ts";

/** Settings that decide which windows a sync asks for. */
export interface WindowSettings {
  /** how far before the watermark each window starts, for samples that came late: milliseconds */
  readonly lookbackMs: number;
  /** how far back a site's first sync reaches: milliseconds */
  readonly initialLookbackMs: number;
}

/** New time in one window when a site is further behind than this; a day behind is 24 windows. */
const CATCH_UP_MS = HOUR_MS;

/**
 * The next window to ask the API for, half-open and up to now; null when there is none (the clock stands before the
 * watermark's lookback).
 * @param watermark all before this is stored, epoch ms; null: nothing is
 */
export function nextWindow(watermark: number | null, now: number, settings: WindowSettings): TimeRange | null {
  const from = watermark ?? now - settings.initialLookbackMs;
  const start = watermark === null ? from : from - settings.lookbackMs;
  const { end } = firstPiece({ start: from, end: Math.max(from, now) }, CATCH_UP_MS);
  // A clock that stepped back must not make us ask for the future: the watermark then simply stays.
  const window = { start, end: Math.min(end, now) };
  return window.start < window.end ? window : null;
}
