import type { Sample } from "./points.ts";

const QUARTER_MS = 15 * 60_000;

/** A bucket as a naive computation has it. */
export interface NaiveBucket {
  readonly start: number;
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** how far a mean may be off for the order in which doubles are added up */
  readonly tolerance: number;
}

/** What the zone's clock shows, to the hour and its offset or to the day, by the platform's calendar. */
function localUnit(zone: string, interval: "1hr" | "1day"): (time: number) => string {
  const format = new Intl.DateTimeFormat("en", {
    timeZone: zone,
    year: "numeric",
    month: "numeric",
    day: "numeric",
    ...(interval === "1hr" ? { hour: "numeric", timeZoneName: "longOffset" as const } : {}),
  });
  return (time) => format.format(time);
}

/** Buckets of ascending samples; each begins at the first quarter of an hour, going back, that shows the same unit. */
export function naiveBuckets(samples: readonly Sample[], interval: "1hr" | "1day", zone: string): NaiveBucket[] {
  const unit = localUnit(zone, interval);
  const starts = new Map<number, number>();
  const startOf = (time: number): number => {
    const quarter = Math.floor(time / QUARTER_MS) * QUARTER_MS;
    let start = starts.get(quarter) ?? quarter;
    if (!starts.has(quarter)) while (unit(start - 1) === unit(quarter)) start -= QUARTER_MS;
    starts.set(quarter, start);
    return start;
  };
  return [...Map.groupBy(samples, ([, time]) => startOf(time))].map(([start, own]) => {
    const values = own.map(([, , value]) => value);
    const [min, max] = [Math.min(...values), Math.max(...values)];
    const largest = Math.max(Math.abs(min), Math.abs(max));
    // Divided first, so that no sum overflows; then a denormal's last digit is lost.
    const mean = largest > 1e300 ? values.reduce((sum, value) => sum + value / values.length, 0) : sumOf(values);
    return { start, count: own.length, min, max, mean, tolerance: 1e-12 * largest + 5e-324 };
  });
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
