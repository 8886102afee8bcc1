const DAY_MS = 86_400_000;

/** A day of a calendar, without a zone: whole days since 1970-01-01. */
export type Day = number;

/** null: not a date. @param text `YYYY-MM-DD` */
export function parseDay(text: string): Day | null {
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) || formatDay(time / DAY_MS) !== text ? null : time / DAY_MS;
}

export function formatDay(day: Day): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/** The day of a wall time. @param wall see `time/zone-time.ts` */
export function dayOfWall(wall: number): Day {
  return Math.floor(wall / DAY_MS);
}

/** The wall time at the start of a day. */
export function wallOfDay(day: Day): number {
  return day * DAY_MS;
}

/** The same day some months later; the last day of a shorter month. */
export function addMonths(day: Day, months: number): Day {
  const date = new Date(day * DAY_MS);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth() + months];
  const last = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  return Date.UTC(year, month, Math.min(date.getUTCDate(), last)) / DAY_MS;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** A day as text. @param how such as `{ month: "short", day: "numeric" }` */
export function formatDate(day: Day, how: Intl.DateTimeFormatOptions): string {
  const key = JSON.stringify(how);
  let format = formats.get(key);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en", { ...how, timeZone: "UTC" });
    formats.set(key, format);
  }
  return format.format(day * DAY_MS);
}
