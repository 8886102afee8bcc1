import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { clockAt, DAY, HOUR, MINUTE, offsetAt, transitions, ZONES } from "../../test/zone-clock.ts";
import { parseAskedTime, resolveTime } from "./asked-time.ts";

/** @throws for a text that is not a local or relative time */
function resolved(text: string, now: number, zone: string): number {
  const asked = parseAskedTime(text);
  if (asked === null) throw new Error(`${text} was refused`);
  const time = resolveTime(asked, now, zone);
  if (time === null) throw new Error(`${text} is outside of the calendar`);
  return time;
}

/** The first time at which a zone's clock shows a local time; of a skipped one, by the offset before the change. */
function firstAt(zone: string, local: number): number {
  const [before, after] = [offsetAt(zone, local - DAY), offsetAt(zone, local + DAY)];
  const shown = [local - before, local - after].filter((time) => clockAt(zone, time) + (time % 1000) === local);
  return shown.length === 0 ? local - before : Math.min(...shown);
}

/** Local times are encoded as if they were UTC. A day after the month's last becomes its last. */
function plusMonths(local: number, months: number): number {
  const date = new Date(local);
  const first = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1));
  const lastDay = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate();
  const day = Math.min(date.getUTCDate(), lastDay);
  return first.getTime() + (day - 1) * DAY + (local - Math.floor(local / DAY) * DAY);
}

const PLUS: Record<string, (local: number, amount: number) => number> = {
  d: (local, amount) => local + amount * DAY,
  w: (local, amount) => local + amount * 7 * DAY,
  M: plusMonths,
  y: (local, amount) => plusMonths(local, 12 * amount),
};

const midnight = (local: number) => Math.floor(local / DAY) * DAY;
/** The start of the unit that holds a local time, and of the next one. */
const STARTS: Record<string, (local: number) => [number, number]> = {
  d: (local) => [midnight(local), midnight(local) + DAY],
  w: (local) => {
    const monday = midnight(local) - ((new Date(local).getUTCDay() + 6) % 7) * DAY;
    return [monday, monday + 7 * DAY];
  },
  M: (local) => {
    const first = midnight(local) - (new Date(local).getUTCDate() - 1) * DAY;
    return [first, plusMonths(first, 1)];
  },
};

const anyTime = fc.integer({ min: Date.UTC(2001, 0, 1), max: Date.UTC(2026, 0, 1) });

/** Times, most of them around a clock change. */
function times(zone: string): fc.Arbitrary<number> {
  const changes = transitions(zone);
  if (changes.length === 0) return anyTime;
  const near = fc.oneof(fc.integer({ min: -2 * DAY, max: 2 * DAY }), fc.constantFrom(-1, 0, 1, -HOUR, HOUR / 2));
  const nearChange = fc.tuple(fc.constantFrom(...changes), near).map(([at, ms]) => at + ms);
  return fc.oneof({ weight: 1, arbitrary: anyTime }, { weight: 3, arbitrary: nearChange });
}

describe.each(ZONES)("%s", (zone) => {
  const changes = transitions(zone);

  test("seconds, minutes and hours are exact; longer units follow the calendar", () => {
    const amount = fc.oneof(fc.integer({ min: -40, max: -1 }), fc.integer({ min: 1, max: 14 }));
    fc.assert(
      fc.property(times(zone), amount, fc.constantFrom("s", "m", "h", "d", "w", "M", "y"), (now, by, unit) => {
        const local = clockAt(zone, now) + (((now % 1000) + 1000) % 1000);
        const length: Record<string, number> = { s: 1000, m: MINUTE, h: HOUR };
        const exact = length[unit];
        const expected = exact === undefined ? firstAt(zone, PLUS[unit]!(local, by)) : now + by * exact;
        // The oracle knows the zones' clocks from 2000 on.
        fc.pre(expected >= Date.UTC(2000, 0, 2));
        expect([unit, by, resolved(`now${by > 0 ? "+" : ""}${by}${unit}`, now, zone)]).toEqual([unit, by, expected]);
      }),
      { numRuns: 60 },
    );
  });

  test("rounding finds the last start of the unit", () => {
    fc.assert(
      fc.property(times(zone), fc.constantFrom("m", "h", "d", "w", "M"), (now, unit) => {
        const local = clockAt(zone, now);
        let expected: number;
        if (unit === "m") expected = Math.floor(now / MINUTE) * MINUTE;
        else if (unit === "h") {
          const hour = Math.floor(now / 1000) * 1000 - (local % HOUR);
          expected = Math.max(hour, ...changes.filter((change) => change <= now));
          if (expected < hour || changes.every((change) => change <= hour || change > now)) expected = hour;
        } else {
          const starts = STARTS[unit]!(local).map((start) => firstAt(zone, start));
          expected = Math.max(...starts.filter((start) => start <= now));
        }
        expect([unit, resolved(`now/${unit}`, now, zone)]).toEqual([unit, expected]);
      }),
      { numRuns: 60 },
    );
  });

  test("a local time is the first at which the clock shows it", () => {
    fc.assert(
      fc.property(times(zone), fc.boolean(), (time, isDate) => {
        const local = Math.floor((isDate ? midnight(time) : time) / 1000) * 1000;
        const text = new Date(local).toISOString();
        const asked = isDate ? text.slice(0, 10) : text.slice(0, 19);
        expect(resolved(asked, 0, zone)).toBe(firstAt(zone, local));
      }),
      { numRuns: 40 },
    );
  });
});

const NOON = Date.parse("2025-11-12T18:34:56.789Z");
test.each([
  ["now", "2025-11-12T18:34:56.789Z"],
  ["now/s", "2025-11-12T18:34:56.000Z"],
  ["now-7d", "2025-11-05T18:34:56.789Z"],
  // Daylight saving time ended on 2 November.
  ["now-14d", "2025-10-29T17:34:56.789Z"],
  ["now-336h", "2025-10-29T18:34:56.789Z"],
  ["now-1M/M", "2025-10-01T05:00:00.000Z"],
  ["now/y", "2025-01-01T06:00:00.000Z"],
  ["now/w+8h", "2025-11-10T14:00:00.000Z"],
  ["now 1d", "2025-11-13T18:34:56.789Z"],
  ["2025-10-12", "2025-10-12T05:00:00.000Z"],
  ["2025-10-12T14:00", "2025-10-12T19:00:00.000Z"],
  ["2025-03-09T02:30", "2025-03-09T08:30:00.000Z"],
  ["2025-11-02T01:30:00.25", "2025-11-02T06:30:00.250Z"],
])("%s in Chicago is %s", (text, expected) => {
  expect(new Date(resolved(text, NOON, "America/Chicago")).toISOString()).toBe(expected);
});

test.each([
  "now-",
  "now-1",
  "now-1q",
  "now-1.5d",
  "now/",
  "now/2d",
  "now--1d",
  "Now",
  "now-1234567d",
  "now-1D",
  "-7d",
  "now/d/d/d/d/d/d/d",
  "2025-02-30",
  "2025-10-12T24:00",
  "2025-10-12T14",
  "2025-10-12T14:00Z",
  "1760277600000",
  "",
])("%s is neither local nor relative", (text) => {
  expect(parseAskedTime(text)).toBeNull();
});

test("a time outside of the calendar is none", () => {
  expect(resolveTime(parseAskedTime("now-999999y")!, NOON, "UTC")).toBeNull();
});
