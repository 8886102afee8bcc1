import type { DayOutline } from "../manifest/manifest.ts";
import { dayOf, dayRange, dayStart } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { cut, hoursOf, mergeRanges, overlap, type TimeRange } from "../domain/time-range.ts";
import type { Stored } from "../read/stored.ts";

/** The known parts of a range, before any sample is read. All lie within the range. */
export interface Coverage {
  /** data before this time is known to be stored or missing; epoch milliseconds */
  readonly until: number;
  /** parts before `until` that are neither hot nor cold: the day was not built, and the hour is not hot */
  readonly uncovered: readonly TimeRange[];
  /** suspect days */
  readonly unreadable: readonly TimeRange[];
}

/** @param watermark all data served before it is stored, epoch ms; null: no sync window has ended */
export function coverageOf(range: TimeRange, stored: Stored, watermark: number | null): Coverage {
  const until = knownUntil(range, stored.days, watermark);
  const settled = new Set(stored.days.filter((day) => isWhole(day) || day.file !== null).map(({ day }) => day));
  const hot = new Set(stored.hours);
  const known = { start: range.start, end: until };
  const uncovered = (until > range.start ? hoursOf(known) : [])
    .filter((hour) => !settled.has(dayOf(hour)) && !hot.has(hour))
    .map((hour) => cut({ start: hour, end: hour + HOUR_MS }, known));
  const suspect = stored.days.filter(({ state }) => state === "suspect");
  return {
    until,
    uncovered: mergeRanges(uncovered),
    unreadable: suspect
      .map(({ day }) => dayRange(day))
      .filter((day) => overlap(day, range))
      .map((day) => cut(day, range)),
  };
}

/** Whether the API proved that a day's file is complete, or that the day is empty. */
function isWhole(day: DayOutline): boolean {
  return day.state === "confirmed-empty" || (day.state === "written" && day.file !== null);
}

/** The sync's watermark, advanced over the built days after it. Without a sync: the end of the last built day. */
export function knownUntil(range: TimeRange, days: readonly DayOutline[], watermark: number | null): number {
  const whole = days.filter(isWhole).map(({ day }) => day);
  const last = whole.reduce((end, day) => Math.max(end, dayStart(day + 1)), Number.NEGATIVE_INFINITY);
  let until = watermark ?? last;
  const built = new Set(whole);
  if (Number.isFinite(until)) while (built.has(dayOf(until))) until = dayStart(dayOf(until) + 1);
  return Math.min(range.end, Math.max(range.start, until));
}
