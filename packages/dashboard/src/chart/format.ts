/**
 * A value with as many digits as distinguish it from its neighbours on the chart. @param step the smallest difference
 * to show
 */
export function formatValue(value: number, step?: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e9 || size < 1e-4)) return value.toExponential(3);
  const places = step === undefined ? Math.max(0, 3 - Math.floor(Math.log10(Math.max(size, 1)))) : placesOf(step);
  return value.toLocaleString("en-US", {
    maximumFractionDigits: Math.min(places, 6),
    minimumFractionDigits: step === undefined ? 0 : Math.min(places, 6),
  });
}

/** Decimals of a step: 1 for 2.5. */
function placesOf(step: number): number {
  for (let places = 0; places < 6; places++) {
    const scaled = step * 10 ** places;
    if (Math.abs(scaled - Math.round(scaled)) < 1e-6) return places;
  }
  return 6;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function inZone(zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = JSON.stringify([zone, options]);
  let format = formats.get(key);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-US", { ...options, timeZone: zone, hourCycle: "h23" });
    formats.set(key, format);
  }
  return format;
}

const CLOCK = { hour: "2-digit", minute: "2-digit" } as const;

/** "Mon, Nov 23, 2026, 10:05" by the zone's clock; with seconds in a short range. */
export function formatTime(zone: string, time: number, spanMs: number): string {
  const seconds = spanMs <= 6 * 3_600_000 ? ({ second: "2-digit" } as const) : {};
  const date = { weekday: "short", year: "numeric", month: "short", day: "numeric" } as const;
  return inZone(zone, { ...date, ...CLOCK, ...seconds }).format(time);
}

/** "Nov 23, 2026, 10:05 CST" */
export function formatMoment(zone: string, time: number): string {
  const date = { year: "numeric", month: "short", day: "numeric" } as const;
  return inZone(zone, { ...date, ...CLOCK, timeZoneName: "short" }).format(time);
}

/** A longer span has no times of the day. */
const DATES_ONLY_MS = 60 * 86_400_000;

/** "Nov 22, 10:00 – Nov 23, 10:00 CST", or "Nov 23, 2025 – Nov 23, 2026" */
export function formatSpan(zone: string, start: number, end: number): string {
  const year = inZone(zone, { year: "numeric" });
  const isOfOneYear = year.format(start) === year.format(end) && year.format(end) === year.format(Date.now());
  const date = { month: "short", day: "numeric", ...(isOfOneYear ? {} : { year: "numeric" as const }) } as const;
  if (end - start >= DATES_ONLY_MS) return `${inZone(zone, date).format(start)} – ${inZone(zone, date).format(end)}`;
  const from = inZone(zone, { ...date, ...CLOCK }).format(start);
  const to = inZone(zone, { ...date, ...CLOCK, timeZoneName: "short" }).format(end);
  return `${from} – ${to}`;
}

/** The labels of a time axis: the clock's time, with the date at the start of a day and of the axis. */
export function axisLabels(zone: string, ticks: readonly number[]): string[] {
  const day = inZone(zone, { month: "short", day: "numeric" });
  // A single label has the time and the day.
  const smallest = ticks.length < 2 ? 3_600_000 : Math.min(...ticks.slice(1).map((tick, i) => tick - ticks[i]!));
  const days = ticks.map((tick) => day.format(tick));
  if (smallest >= 20 * 3_600_000) {
    const year = inZone(zone, { year: "numeric" });
    const isMonths = smallest >= 27 * 86_400_000;
    const label = isMonths ? inZone(zone, { month: "short" }) : day;
    return ticks.map((tick, i) => {
      const isNewYear = i === 0 ? isMonths : year.format(tick) !== year.format(ticks[i - 1]);
      return isNewYear ? `${label.format(tick)}\n${year.format(tick)}` : label.format(tick);
    });
  }
  const clock = inZone(zone, smallest < 60_000 ? { ...CLOCK, second: "2-digit" } : CLOCK);
  return ticks.map((tick, i) => (days[i] === days[i - 1] ? clock.format(tick) : `${clock.format(tick)}\n${days[i]}`));
}

/** "2 h 5 min": the two largest units of a duration. */
export function formatLength(ms: number): string {
  const units = [
    ["d", 86_400_000],
    ["h", 3_600_000],
    ["min", 60_000],
    ["s", 1000],
  ] as const;
  const parts: string[] = [];
  let left = Math.round(ms / 1000) * 1000;
  for (const [unit, size] of units) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count > 0 && parts.length < 2) parts.push(`${count} ${unit}`);
  }
  return parts.join(" ") || "0 s";
}
