import type { Sample } from "./points.ts";

const QUARTER_MS = 15 * 60_000;
const DAY_MS = 96 * QUARTER_MS;

/** A bucket of a naive computation. */
export interface NaiveBucket {
  readonly start: number;
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** largest error of a mean, because the order of additions changes the last bits */
  readonly tolerance: number;
}

/** Intervals whose buckets the code under test may compute from hours. */
export const HOURLY_INTERVALS = ["1hr", "1day", "1week", "1month"] as const;
type HourlyInterval = (typeof HOURLY_INTERVALS)[number];

/** The zone's local time, to the interval and for an hour with its offset, by the platform's calendar. */
function localUnit(zone: string, interval: HourlyInterval): (time: number) => string {
  const format = new Intl.DateTimeFormat("en", {
    timeZone: zone,
    year: "numeric",
    month: "numeric",
    ...(interval === "1month" ? {} : { day: "numeric" as const }),
    ...(interval === "1hr" ? { hour: "numeric" as const, timeZoneName: "longOffset" as const } : {}),
  });
  if (interval !== "1week") return (time) => format.format(time);
  // 1 January 1970 was a Thursday. The text is read back as a date in UTC.
  return (time) => String(Math.floor((Date.parse(`${format.format(time)} UTC`) / DAY_MS + 3) / 7));
}

/** Buckets of ascending samples. A bucket begins at the earliest quarter of an hour with the same unit, without a break. */
export function naiveBuckets(samples: readonly Sample[], interval: HourlyInterval, zone: string): NaiveBucket[] {
  const unit = localUnit(zone, interval);
  const starts = new Map<number, number>();
  const startOf = (time: number): number => {
    const quarter = Math.floor(time / QUARTER_MS) * QUARTER_MS;
    let start = starts.get(quarter) ?? quarter;
    if (!starts.has(quarter)) {
      const here = unit(quarter);
      while (unit(start - DAY_MS) === here) start -= DAY_MS;
      while (unit(start - 1) === here) start -= QUARTER_MS;
    }
    starts.set(quarter, start);
    return start;
  };
  return [...Map.groupBy(samples, ([, time]) => startOf(time))].map(([start, own]) => {
    const values = own.map(([, , value]) => value);
    const [min, max] = [Math.min(...values), Math.max(...values)];
    const largest = Math.max(Math.abs(min), Math.abs(max));
    // Divided first, so that no sum overflows. A denormal then loses its last digit.
    const mean = largest > 1e300 ? values.reduce((sum, value) => sum + value / values.length, 0) : sumOf(values);
    return { start, count: own.length, min, max, mean, tolerance: 1e-12 * largest + 5e-324 };
  });
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
