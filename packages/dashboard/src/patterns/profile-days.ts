import type { ChartSeries } from "../chart/series.ts";
import { offsetAt, wallOf } from "../time/zone-time.ts";
import { type Day, wallOfDay } from "./calendar.ts";
import { zonedDayStart } from "./hour-slots.ts";
import { quantile } from "./quantiles.ts";

/** Length of a slot of the day. */
export const SLOT_MS = 300_000;
export const SLOTS = 86_400_000 / SLOT_MS;
/** Fewer days have no meaningful spread. */
const FEWEST_DAYS = 3;

/** A day by its clock's time: the mean of each five minutes; null: no samples. */
export interface DayProfile {
  readonly day: Day;
  readonly values: readonly (number | null)[];
}

/**
 * Arranges five-minute means by the time of the day. A repeated time has one mean of all its samples; a skipped time is
 * empty.
 */
export function profileDay(zone: string, day: Day, { times, values, counts }: ChartSeries): DayProfile {
  const sums = Array.from({ length: SLOTS }, () => 0);
  const weights = Array.from({ length: SLOTS }, () => 0);
  const [start, end] = [zonedDayStart(zone, day), zonedDayStart(zone, day + 1)];
  const offset = offsetAt(zone, start);
  const isEven = offsetAt(zone, end) === offset;
  for (const [i, time] of times.entries()) {
    if (time < start || time >= end) continue;
    const wall = isEven ? time + offset : wallOf(zone, time);
    const slot = Math.floor((wall - wallOfDay(day)) / SLOT_MS);
    // A clock that goes back over midnight repeats a part of the evening before, which has no slot.
    if (slot < 0 || slot >= SLOTS) continue;
    const weight = counts?.[i] ?? 1;
    sums[slot]! += values[i]! * weight;
    weights[slot]! += weight;
  }
  return { day, values: sums.map((sum, i) => (weights[i] === 0 ? null : sum / weights[i]!)) };
}

/** The usual range of days; null for slots with fewer than three values. */
export interface DaySpread {
  readonly median: readonly (number | null)[];
  readonly p10: readonly (number | null)[];
  readonly p90: readonly (number | null)[];
}

export function spreadOf(days: readonly DayProfile[]): DaySpread {
  const sorted = Array.from({ length: SLOTS }, (_, slot) =>
    days.flatMap(({ values }) => values[slot] ?? []).sort((a, b) => a - b),
  );
  const at = (share: number) => sorted.map((list) => (list.length < FEWEST_DAYS ? null : quantile(list, share)));
  return { median: at(0.5), p10: at(0.1), p90: at(0.9) };
}

/** Runs of consecutive days, so that each is one request. @param days ascending */
export function dayRuns(days: readonly Day[]): { first: Day; last: Day }[] {
  const runs: { first: Day; last: Day }[] = [];
  for (const day of days) {
    const run = runs.at(-1);
    if (run !== undefined && run.last === day - 1) run.last = day;
    else runs.push({ first: day, last: day });
  }
  return runs;
}

/** `09:35`, the start of a slot. */
export function clockText(slot: number): string {
  const minutes = (slot * SLOT_MS) / 60_000;
  return `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
}
