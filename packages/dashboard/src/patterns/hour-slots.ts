import { instantOf, offsetAt, wallOf } from "../time/zone-time.ts";
import { type Day, wallOfDay } from "./calendar.ts";

const HOUR_MS = 3_600_000;

/** An hour of a local day, [start, end) in epoch ms; the same as the API's bucket of `1hr`. */
export interface HourSlot {
  readonly start: number;
  readonly end: number;
  /** hour of the clock, 0 to 23 */
  readonly hour: number;
  /** index among the `parts` of this hour; several if the clock goes back */
  readonly part: number;
  readonly parts: number;
}

/** Start of a day by a zone's clock, epoch ms. */
export function zonedDayStart(zone: string, day: Day): number {
  return instantOf(zone, wallOfDay(day));
}

/** The hours of a day by a zone's clock: 24, except at a clock change, which may also shorten an hour. */
export function hourSlots(zone: string, day: Day): HourSlot[] {
  const [start, end] = [zonedDayStart(zone, day), zonedDayStart(zone, day + 1)];
  if (end - start === 24 * HOUR_MS && offsetAt(zone, start) === offsetAt(zone, end)) {
    return Array.from({ length: 24 }, (_, hour) => {
      const at = start + hour * HOUR_MS;
      return { start: at, end: at + HOUR_MS, hour, part: 0, parts: 1 };
    });
  }
  const slots: { start: number; end: number; hour: number }[] = [];
  for (let at = start; at < end;) {
    const next = Math.min(end, nextBound(zone, at));
    slots.push({ start: at, end: next, hour: new Date(wallOf(zone, at)).getUTCHours() });
    at = next;
  }
  return slots.map((slot, i) => {
    const isSame = ({ hour }: { hour: number }) => hour === slot.hour;
    return { ...slot, part: slots.slice(0, i).filter(isSame).length, parts: slots.filter(isSame).length };
  });
}

/** The next full hour of the clock, or an earlier change of the clock. */
function nextBound(zone: string, at: number): number {
  const next = at + HOUR_MS - (((wallOf(zone, at) % HOUR_MS) + HOUR_MS) % HOUR_MS);
  const offset = offsetAt(zone, at);
  if (offsetAt(zone, next - 1) === offset) return next;
  let [before, after] = [at, next - 1];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (offsetAt(zone, middle) === offset) before = middle;
    else after = middle;
  }
  return after;
}
