import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import {
  clear,
  migrate,
  point,
  queryJson,
  queryRows,
  type Sample,
  SITE,
  storePoints,
  storeSamples,
} from "./service.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Two hours before clocks go back in Chicago and some hours after they did in Berlin. */
const START = Date.UTC(2025, 10, 2, 5);
const NAMES = ["a/b", "B", "a,c", "ü"];
const ZONES = ["America/Chicago", "UTC", "Asia/Kathmandu", "Australia/Lord_Howe"] as const;

beforeAll(migrate);

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

function aggregate(samples: readonly Sample[], interval: string, zone: string): Expected {
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

const time = fc.oneof(
  fc.integer({ min: START, max: START + 60 * HOUR }),
  fc.tuple(fc.integer({ min: 0, max: 60 }), fc.constantFrom(-1, 0, 1)).map(([hour, ms]) => START + hour * HOUR + ms),
);
// Small enough that no sum overflows: core's own tests see to those.
const value = fc.oneof(
  fc.double({ min: -1e300, max: 1e300, noNaN: true }),
  fc.double({ min: -50, max: 50, noNaN: true }),
  fc.constantFrom(0, -0, 5e-324, 1e21, 25.517500000000002),
);
const history = fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 3 }), time, value), {
  selector: ([index, at]) => `${index}@${at}`,
  maxLength: 60,
  size: "max",
});
const question = fc.record({
  from: time,
  to: time,
  interval: fc.constantFrom("raw", "1min", "5min", "1hr", "1day"),
  zone: fc.constantFrom(...ZONES),
  order: fc.shuffledSubarray([0, 1, 2, 3], { minLength: 1 }),
});

test("any query over any history equals a computation from its samples", async () => {
  let samplesSeen = 0;
  await fc.assert(
    fc
      .asyncProperty(history, fc.array(question, { minLength: 1, maxLength: 5 }), async (rows, questions) => {
        const ids = await storePoints(
          SITE,
          NAMES.map((name) => point(name)),
        );
        await storeSamples(rows.map(([index, at, one]) => [ids[index]!, at, one]));
        for (const { from, to, interval, zone, order } of questions) {
          const [start, end] = [Math.min(from, to), Math.max(from, to) + 1];
          const names = order.map((index) => NAMES[index]!);
          const expected = order.map((index) => {
            const mine = rows.filter(([row, at]) => row === index && at >= start && at < end);
            samplesSeen += mine.length;
            return aggregate(
              mine.toSorted(([, a], [, b]) => a - b),
              interval,
              zone,
            );
          });
          const asked = { site_name: SITE, point_names: names, start_time: start, end_time: end, interval, tz: zone };

          const json = await queryJson(asked);
          const series = names.map((name, i) => ({ point_name: name, unit: null, ...expected[i]! }));
          expect(json.series).toEqual(series);
          expect([json.interval, json.metadata.interval]).toEqual([interval, interval]);
          const inRange = rows.filter(([index, at]) => order.includes(index) && at >= start && at < end);
          expect(json.metadata.total_samples).toBe(inRange.length);

          const flat = series.flatMap(({ point_name, timestamps, values }) =>
            timestamps.map((timestamp, i) => ({ point_name, timestamp, value: values[i] })),
          );
          const sorted = flat.toSorted((a, b) =>
            a.point_name === b.point_name ? a.timestamp - b.timestamp : a.point_name < b.point_name ? -1 : 1,
          );
          expect((await queryRows(asked)).samples).toEqual(sorted);
        }
      })
      .beforeEach(clear),
    { numRuns: 60 },
  );
  expect(samplesSeen).toBeGreaterThan(500);
});
