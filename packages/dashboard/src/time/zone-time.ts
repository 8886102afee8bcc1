/**
 * Clock times of a zone. A "wall" time is a local clock time, as the epoch ms at which a clock in UTC shows the same.
 */

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (format === undefined) {
    const two = "2-digit";
    const fields = { year: "numeric", month: two, day: two, hour: two, minute: two, second: two } as const;
    format = new Intl.DateTimeFormat("en-US", { ...fields, timeZone: zone, hourCycle: "h23" });
    formats.set(zone, format);
  }
  return format;
}

/** The wall time of an instant, to the millisecond. */
export function wallOf(zone: string, instant: number): number {
  const ms = ((instant % 1000) + 1000) % 1000;
  const found = new Map(
    formatOf(zone)
      .formatToParts(instant)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes) => found.get(type) ?? 0;
  return Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second"), ms);
}

/** The zone's offset from UTC at an instant, ms; east is positive. */
export function offsetAt(zone: string, instant: number): number {
  return wallOf(zone, instant) - instant;
}

const DAY_MS = 86_400_000;

/**
 * The instant of a wall time. A repeated time means the first one; a skipped time moves by the skipped length: 02:30
 * becomes 03:30.
 */
export function instantOf(zone: string, wall: number): number {
  const before = offsetAt(zone, wall - DAY_MS);
  const after = offsetAt(zone, wall + DAY_MS);
  const candidates = [wall - before, wall - after].filter((instant) => wallOf(zone, instant) === wall);
  return candidates.length === 0 ? wall - before : Math.min(...candidates);
}
