import type { DayOutline } from "../manifest/manifest.ts";
import { dayOf, dayRange, dayStart } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { cut, hoursOf, mergeRanges, overlap, type TimeRange } from "../domain/time-range.ts";
import type { Stored } from "../read/stored.ts";

/** What is known of a range before anything of it is read. All of it lies within the range. */
export interface Coverage {
  /** what lies before is known to be stored or known to be missing; epoch milliseconds */
  readonly until: number;
  /** neither level holds it: the day was never built, or its build failed, and no hour of it is hot; before `until` */
  readonly uncovered: readonly TimeRange[];
  /** days whose file is known not to be what was written */
  readonly unreadable: readonly TimeRange[];
}

/** @param watermark all before it that the API served was stored, epoch ms; null: no window of the sync has ended */
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

/** A day of which it is proved that its file holds all that the API had, or that the API had nothing. */
function isWhole(day: DayOutline): boolean {
  return day.state === "confirmed-empty" || (day.state === "written" && day.file !== null);
}

/** From the sync's watermark on over days that a backfill has built; where no sync was, up to the last of these. */
export function knownUntil(range: TimeRange, days: readonly DayOutline[], watermark: number | null): number {
  const whole = days.filter(isWhole).map(({ day }) => day);
  const last = whole.reduce((end, day) => Math.max(end, dayStart(day + 1)), Number.NEGATIVE_INFINITY);
  let until = watermark ?? last;
  const built = new Set(whole);
  if (Number.isFinite(until)) while (built.has(dayOf(until))) until = dayStart(dayOf(until) + 1);
  return Math.min(range.end, Math.max(range.start, until));
}
