/** For tests: the clocks of zones by the platform's own calendar, independent of the library that the code uses. */

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export const ZONES = [
  "UTC",
  "America/Chicago",
  "America/Havana",
  "America/Sao_Paulo",
  "America/St_Johns",
  "Africa/Casablanca",
  "Antarctica/Troll",
  "Asia/Kathmandu",
  "Asia/Tehran",
  "Australia/Lord_Howe",
  "Europe/Berlin",
  "Pacific/Apia",
  "Pacific/Chatham",
];

const clocks = new Map(
  ZONES.map((timeZone) => [
    timeZone,
    new Intl.DateTimeFormat("en-US", {
      timeZone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    }),
  ]),
);

/** The zone's clock time, encoded as if it were UTC, in epoch ms, whole seconds. */
export function clockAt(zone: string, time: number): number {
  const parts = clocks.get(zone)!.formatToParts(time);
  const part = (type: Intl.DateTimeFormatPartTypes) =>
    Number(parts.find((candidate) => candidate.type === type)!.value);
  return Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second"));
}

export const offsetAt = (zone: string, time: number) => clockAt(zone, time) - Math.floor(time / 1000) * 1000;

/** The times at which a zone's clock changes, found by sampling every five days and bisection. */
export function transitions(zone: string): number[] {
  const found: number[] = [];
  for (let from = Date.UTC(2000, 0, 1); from < Date.UTC(2027, 0, 1); from += 5 * DAY) {
    let [before, after] = [from, from + 5 * DAY];
    if (offsetAt(zone, before) === offsetAt(zone, after)) continue;
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2);
      if (offsetAt(zone, middle) === offsetAt(zone, before)) before = middle;
      else after = middle;
    }
    found.push(after);
  }
  return found;
}
