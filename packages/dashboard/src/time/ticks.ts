import { instantOf, offsetAt, wallOf } from "./zone-time.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Steps of a time axis: minutes up to an hour, then hours of a day, days, months. */
const STEPS: readonly (readonly ["clock" | "hours" | "days" | "months", number])[] = [
  ...[1, 2, 5, 10, 15, 30].map((seconds) => ["clock", seconds * SECOND] as const),
  ...[1, 2, 5, 10, 15, 30, 60].map((minutes) => ["clock", minutes * MINUTE] as const),
  ...[2, 3, 4, 6, 12].map((hours) => ["hours", hours] as const),
  ...[1, 2, 4, 7, 14].map((days) => ["days", days] as const),
  ...[1, 2, 3, 6, 12].map((months) => ["months", months] as const),
];
const ABOUT_MS = { clock: 1, hours: HOUR, days: DAY, months: 30.4 * DAY } as const;

/** Marks of a time axis at round times of a zone's clock, ascending, within [start, end]. @param most the most marks */
export function ticksOf(zone: string, start: number, end: number, most: number): number[] {
  const span = end - start;
  const [kind, count] = STEPS.find(([unit, n]) => span / (n * ABOUT_MS[unit]) <= most) ?? ["months", 24];
  const all = kind === "clock" ? clockTicks(zone, start, end, count) : calendarTicks(zone, start, end, kind, count);
  return all.filter((tick, i) => tick >= start && tick <= end && (i === 0 || tick > all[i - 1]!));
}

function clockTicks(zone: string, start: number, end: number, step: number): number[] {
  const ticks: number[] = [];
  for (let at = start; at <= end;) {
    const offset = offsetAt(zone, at);
    const tick = Math.ceil((at + offset) / step) * step - offset;
    // After a change of the clock the next round time differs.
    const isRound = (tick + offsetAt(zone, tick)) % step === 0;
    if (isRound) ticks.push(tick);
    at = isRound ? tick + 1 : tick;
  }
  return ticks;
}

function calendarTicks(
  zone: string,
  start: number,
  end: number,
  kind: "hours" | "days" | "months",
  count: number,
): number[] {
  const first = new Date(wallOf(zone, start));
  const last = wallOf(zone, end);
  const ticks: number[] = [];
  if (kind === "months") {
    const month = first.getUTCFullYear() * 12 + first.getUTCMonth();
    for (let m = Math.floor(month / count) * count; ; m += count) {
      const wall = Date.UTC(Math.floor(m / 12), m % 12);
      if (wall > last) return ticks;
      ticks.push(instantOf(zone, wall));
    }
  }
  const day = Math.floor(first.getTime() / DAY);
  // Days since Monday 1970-01-05, so that weeks begin on Mondays.
  const firstDay = kind === "days" ? day - ((((day - 4) % count) + count) % count) : day;
  for (let d = firstDay; d * DAY <= last; d += kind === "days" ? count : 1) {
    if (kind === "days") ticks.push(instantOf(zone, d * DAY));
    else for (let hour = 0; hour < 24; hour += count) ticks.push(instantOf(zone, d * DAY + hour * HOUR));
  }
  return ticks;
}
