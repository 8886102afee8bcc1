import fc from "fast-check";
import { expect } from "vitest";
import type { Sample } from "./service.ts";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const ZONES = ["America/Chicago", "UTC", "Asia/Kathmandu", "Australia/Lord_Howe"] as const;

// Small enough that no sum overflows. Tests of core cover overflows.
export const anyValue = fc.oneof(
  fc.double({ min: -1e300, max: 1e300, noNaN: true }),
  fc.double({ min: -50, max: 50, noNaN: true }),
  fc.constantFrom(0, -0, 5e-324, 1e21, 25.517500000000002),
);
export const BUCKET_INTERVALS = ["1min", "5min", "15min", "30min", "1hr", "1day", "1week", "1month"] as const;

/** The local unit that contains a time, by the platform's calendar. Units shorter than a day include the UTC offset. */
function localUnit(zone: string, interval: string): (time: number) => string {
  const format = new Intl.DateTimeFormat("en", {
    timeZone: zone,
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    hourCycle: "h23",
    minute: "numeric",
    timeZoneName: "longOffset",
  });
  return (time) => {
    const parts = new Map(format.formatToParts(time).map(({ type, value }) => [type, value]));
    const [year, month, day] = [parts.get("year")!, parts.get("month")!, parts.get("day")!];
    const hour = [year, month, day, parts.get("hour"), parts.get("timeZoneName")];
    // 1 January 1970 was a Thursday.
    const week = Math.floor((Date.UTC(Number(year), Number(month) - 1, Number(day)) / DAY + 3) / 7);
    const units: Record<string, readonly unknown[]> = {
      "30min": [...hour, Math.floor(Number(parts.get("minute")) / 30)],
      "1hr": hour,
      "1day": [year, month, day],
      "1week": [week],
      "1month": [year, month],
    };
    return units[interval]!.join(" ");
  };
}

const FIXED: Readonly<Record<string, number>> = { "1min": MINUTE, "5min": 5 * MINUTE, "15min": 15 * MINUTE };

/** The start of the bucket that contains a time: searches backwards in quarters of an hour for the unit's first one. */
function bucketStart(time: number, interval: string, zone: string): number {
  const fixed = FIXED[interval];
  if (fixed !== undefined) return Math.floor(time / fixed) * fixed;
  const unit = localUnit(zone, interval);
  const here = unit(time);
  let start = Math.floor(time / (15 * MINUTE)) * 15 * MINUTE;
  for (const step of [DAY, 15 * MINUTE]) while (unit(start - (step === DAY ? DAY : 1)) === here) start -= step;
  return start;
}

interface Expected {
  readonly timestamps: number[];
  readonly values: number[];
  readonly min?: number[];
  readonly max?: number[];
  readonly count?: number[];
}

/** The expected columns of one point. @param samples ascending */
export function aggregate(samples: readonly Sample[], interval: string, zone: string): Expected {
  if (interval === "raw") {
    return { timestamps: samples.map(([, time]) => time), values: samples.map(([, , value]) => value) };
  }
  const buckets = new Map<number, number[]>();
  for (const [, time, value] of samples) {
    const start = bucketStart(time, interval, zone);
    buckets.set(start, [...(buckets.get(start) ?? []), value]);
  }
  const columns = [...buckets.values()];
  const min = columns.map((values) => Math.min(...values));
  const max = columns.map((values) => Math.max(...values));
  const values = columns.map((column, i) => {
    const mean = column.reduce((sum, value) => sum + value) / column.length;
    return Math.min(max[i]!, Math.max(min[i]!, mean));
  });
  return { timestamps: [...buckets.keys()], values, min, max, count: columns.map((column) => column.length) };
}

/** Columns to compare with an answer. A mean may differ by the order of summation. */
export function closely({ values, min, max, ...rest }: Expected) {
  if (min === undefined || max === undefined) return { values, ...rest };
  const means: unknown[] = values.map((mean, i) => {
    const tolerance = 1e-12 * Math.max(Math.abs(min[i]!), Math.abs(max[i]!)) + 5e-324;
    return expect.toSatisfy((given: number) => Math.abs(given - mean) <= tolerance);
  });
  return { values: means, min, max, ...rest };
}
