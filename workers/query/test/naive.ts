import fc from "fast-check";
import { expect } from "vitest";
import type { Sample } from "./service.ts";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const ZONES = ["America/Chicago", "UTC", "Asia/Kathmandu", "Australia/Lord_Howe"] as const;

// Small enough that no sum overflows: core's own tests see to those.
export const anyValue = fc.oneof(
  fc.double({ min: -1e300, max: 1e300, noNaN: true }),
  fc.double({ min: -50, max: 50, noNaN: true }),
  fc.constantFrom(0, -0, 5e-324, 1e21, 25.517500000000002),
);
/** What the zone's clock shows, to the hour or to the day, and its offset, by the platform's calendar. */
function localUnit(zone: string, interval: "1hr" | "1day"): (time: number) => string {
  const format = new Intl.DateTimeFormat("en", {
    timeZone: zone,
    dateStyle: undefined,
    year: "numeric",
    month: "numeric",
    day: "numeric",
    ...(interval === "1hr" ? { hour: "numeric", timeZoneName: "longOffset" as const } : {}),
  });
  return (time) => format.format(time);
}

/** The start of the bucket that holds a time: the first quarter of an hour, going back, that shows the same unit. */
function bucketStart(time: number, interval: string, zone: string): number {
  if (interval === "1min" || interval === "5min") {
    const length = interval === "1min" ? MINUTE : 5 * MINUTE;
    return Math.floor(time / length) * length;
  }
  const unit = localUnit(zone, interval === "1hr" ? "1hr" : "1day");
  let start = Math.floor(time / (15 * MINUTE)) * 15 * MINUTE;
  while (unit(start - 1) === unit(time)) start -= 15 * MINUTE;
  return start;
}

interface Expected {
  readonly timestamps: number[];
  readonly values: number[];
  readonly min?: number[];
  readonly max?: number[];
  readonly count?: number[];
}

/** The answer's columns of one point, its samples ascending. */
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

/** Columns to compare an answer with, in which a mean may differ by the order in which its samples were summed up. */
export function closely({ values, min, max, ...rest }: Expected) {
  if (min === undefined || max === undefined) return { values, ...rest };
  const means: unknown[] = values.map((mean, i) => {
    const tolerance = 1e-12 * Math.max(Math.abs(min[i]!), Math.abs(max[i]!)) + 5e-324;
    return expect.toSatisfy((given: number) => Math.abs(given - mean) <= tolerance);
  });
  return { values: means, min, max, ...rest };
}
